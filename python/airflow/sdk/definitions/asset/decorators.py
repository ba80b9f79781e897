"""``@asset``: a function that makes an asset, as a DAG of one task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.definitions.asset import Asset, AssetAll, BaseAsset

_NOT_INLETS = ("self", "context", "outlet_events")


class _AssetMainOperator(PythonOperator):
    """Calls the function with the assets that its parameters name."""

    def __init__(self, *, definition_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._definition_name = definition_name

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        return dict(self._arguments(context))

    def _arguments(self, context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        from airflow._runtime.asset_events import find_asset

        for name, parameter in inspect.signature(self.python_callable).parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                yield name, parameter.default
            elif name == "self":
                yield name, find_asset(name=self._definition_name)
            elif name == "context":
                yield name, context
            elif name == "outlet_events":
                yield name, context["outlet_events"]
            else:
                yield name, find_asset(name=name)


def _check_parameters(function: Callable[..., Any]) -> None:
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind == inspect.Parameter.VAR_POSITIONAL:
            raise TypeError(f"wildcard '*{name}' is not supported in @asset")
        if parameter.kind == inspect.Parameter.VAR_KEYWORD:
            raise TypeError(f"wildcard '**{name}' is not supported in @asset")
        if parameter.kind == inspect.Parameter.POSITIONAL_ONLY and parameter.default is inspect.Parameter.empty:
            raise TypeError(f"positional-only argument '{name}' without a default is not supported in @asset")


def _make_task(function: Any, name: str, outlets: list[BaseAsset]) -> None:
    if getattr(function, "_airflow_is_task_decorator", False):
        if "outlets" in function.kwargs:
            raise TypeError("@task decorator with 'outlets' argument is not supported in @asset")
        function.kwargs["outlets"] = outlets
        function()
        return
    _check_parameters(function)
    _AssetMainOperator(
        task_id=function.__name__,
        inlets=[
            Asset.ref(name=parameter)
            for parameter, about in inspect.signature(function).parameters.items()
            if parameter not in _NOT_INLETS and about.default is inspect.Parameter.empty
        ],
        outlets=outlets,
        python_callable=function,
        definition_name=name,
    )


class AssetDefinition(Asset):
    """What ``@asset`` makes of a function: an asset, and the DAG that updates it."""


class MultiAssetDefinition(AssetAll):
    """What ``@asset.multi`` makes of a function: several assets, and the DAG that updates them."""


class _DagArguments:
    """Arguments for the DAG."""

    def __init__(
        self,
        *,
        schedule: Any,
        is_paused_upon_creation: bool | None = None,
        dag_id: str | None = None,
        dag_display_name: str | None = None,
        description: str | None = None,
        params: Any = None,
        on_success_callback: Any = None,
        on_failure_callback: Any = None,
        access_control: Any = None,
        owner_links: dict[str, str] | None = None,
        tags: Collection[str] = (),
    ) -> None:
        self.dag_id = dag_id
        self._arguments = {
            "schedule": schedule,
            "is_paused_upon_creation": is_paused_upon_creation,
            "dag_display_name": dag_display_name,
            "description": description,
            "params": params,
            "on_success_callback": on_success_callback,
            "on_failure_callback": on_failure_callback,
            "access_control": access_control,
            "owner_links": owner_links,
            "tags": set(tags),
        }

    def _dag(self, default_dag_id: str, function: Any) -> Any:
        from airflow.sdk.definitions.dag import DAG

        dag = DAG(self.dag_id or default_dag_id, catchup=False, auto_register=True, **self._arguments)
        code = getattr(getattr(function, "function", function), "__code__", None)
        if code is not None:
            dag.fileloc = code.co_filename
        return dag


def _check_function(function: Any) -> None:
    name, qualified = getattr(function, "__name__", ""), getattr(function, "__qualname__", "")
    if name != qualified:
        raise ValueError("nested function not supported")


class asset(_DagArguments):
    """Make an asset of a function that updates it."""

    def __init__(
        self,
        *,
        name: str | None = None,
        uri: Any = None,
        group: str = "asset",
        extra: dict[str, Any] | None = None,
        watchers: list[Any] | None = None,
        **dag_arguments: Any,
    ) -> None:
        super().__init__(**dag_arguments)
        self.name, self.uri, self.group = name, uri, group
        self.extra, self.watchers = extra, watchers

    def __call__(self, function: Callable[..., Any]) -> AssetDefinition:
        """Make the asset and its DAG of the function."""
        _check_function(function)
        name = self.name or function.__name__
        uri = name if self.uri is None else str(self.uri)
        made = AssetDefinition(name, uri, group=self.group, extra=self.extra, watchers=self.watchers)
        with self._dag(name, function):
            _make_task(function, name, [made])
        return made

    class multi(_DagArguments):
        """Make several assets of a function that updates them all."""

        def __init__(self, *, outlets: Collection[BaseAsset], **dag_arguments: Any) -> None:
            super().__init__(**dag_arguments)
            self.outlets = list(outlets)

        def __call__(self, function: Callable[..., Any]) -> MultiAssetDefinition:
            """Make the asset and its DAG of the function."""
            _check_function(function)
            if not self.outlets:
                raise ValueError("no outlets provided")
            made = MultiAssetDefinition(*self.outlets)
            made.name = function.__name__  # type: ignore[attr-defined]
            with self._dag(function.__name__, function):
                _make_task(function, function.__name__, self.outlets)
            return made
