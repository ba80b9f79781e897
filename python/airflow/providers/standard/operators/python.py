"""Tasks that call a Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.bases.operator import BaseAsyncOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.definitions.context import get_current_context

if TYPE_CHECKING:
    from airflow.providers.standard.operators._virtualenv import (
        BranchExternalPythonOperator,
        BranchPythonVirtualenvOperator,
        ExternalPythonOperator,
        PythonVirtualenvOperator,
        is_venv_installed,
    )

__all__ = [
    "BranchExternalPythonOperator",
    "BranchPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonOperator",
    "PythonVirtualenvOperator",
    "ShortCircuitOperator",
    "get_current_context",
    "is_venv_installed",
]


class PythonOperator(BaseAsyncOperator):
    """Calls ``python_callable``; it gets what it names of the context."""

    template_fields: Collection[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    ui_color = "#ffefeb"
    shallow_copy_attrs: Sequence[str] = ("python_callable", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise TypeError(f"python_callable of task {self.task_id!r} must be callable, not {python_callable!r}")
        self.python_callable = python_callable
        self.op_args = op_args or ()
        self.op_kwargs = op_kwargs or {}
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        from airflow.sdk.bases.decorator import is_async_callable

        return is_async_callable(self.python_callable)

    def execute(self, context: Any) -> Any:
        """Call the function."""
        if self.templates_dict is not None:
            context.update(templates_dict=self.templates_dict)
        self.op_kwargs = self.determine_kwargs(context)
        self._context = context
        returned = self.execute_callable()
        if inspect.isawaitable(returned):
            import asyncio

            returned = asyncio.run(_await(returned))
        if self.show_return_value_in_logs:
            self.log.info("Done. Returned value was: %s", returned)
        else:
            self.log.info("Done. Returned value not shown")
        return returned

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """The function's own arguments and what it takes of the context."""
        from airflow._runtime.arguments import accepted

        return accepted(self.python_callable, self.op_args, _Over(self.op_kwargs, context))

    def execute_callable(self) -> Any:
        """Call the function with the arguments that were found."""
        from airflow._runtime.asset_events import run_callable

        return run_callable(self.python_callable, self._context, *self.op_args, **self.op_kwargs)


class _Over(Mapping[str, Any]):
    """The first mapping over the second, without reading either."""

    def __init__(self, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
        self.first, self.second = first, second

    def __getitem__(self, key: str) -> Any:
        return self.first[key] if key in self.first else self.second[key]

    def peek(self, key: str) -> Any:
        """The value, without a word about keys that are deprecated."""
        return self.first[key] if key in self.first else getattr(self.second, "peek", self.second.__getitem__)(key)

    def __contains__(self, key: object) -> bool:
        return key in self.first or key in self.second

    def __iter__(self) -> Any:
        yield from self.first
        yield from (key for key in self.second if key not in self.first)

    def __len__(self) -> int:
        return len({*self.first, *self.second})


async def _await(value: Any) -> Any:
    return await value


class BranchPythonOperator(BaseBranchOperator, PythonOperator):
    """Goes on with the tasks whose ids the function returns; the other direct downstream tasks are skipped."""

    def choose_branch(self, context: Any) -> Any:
        """Call the function."""
        return PythonOperator.execute(self, context)


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Goes on only if the function returns something true."""

    ui_color = "#ffefeb"

    def __init__(self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Any) -> Any:
        """Call the function, and skip what is downstream unless it returns something true."""
        condition = super().execute(context)
        self.log.info("Condition result is %s", condition)
        if condition:
            return condition
        if not self.downstream_task_ids:
            return condition
        if self.ignore_downstream_trigger_rules:
            skipped = [task for task in self.get_flat_relatives() if not task.is_teardown]
        else:
            skipped = [task for task in self.downstream_list if not task.is_teardown]
        if skipped:
            self.skip(context["ti"], skipped)
        return condition


_ELSEWHERE = {
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonVirtualenvOperator",
    "is_venv_installed",
}


def __getattr__(name: str) -> Any:
    """Operators that few files use are read from their own file when somebody asks for them."""
    if name == "_SERIALIZERS":
        from functools import partial
        from importlib import import_module

        from airflow._runtime.lazy import Lazy
        from airflow.providers.standard.operators._other_interpreter import SERIALIZERS

        value: Any = {serializer: Lazy(partial(import_module, serializer)) for serializer in SERIALIZERS}
    elif name in _ELSEWHERE:
        from airflow.providers.standard.operators import _virtualenv

        value = getattr(_virtualenv, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
