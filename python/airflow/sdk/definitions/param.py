"""Params: what a run can be given, with a JSON schema that says what is allowed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet, is_arg_set
from airflow.sdk.exceptions import ParamValidationError

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG


class Param:
    """One param: default, description and JSON schema (as keyword arguments or ``schema``)."""

    def __init__(
        self,
        default: Any = NOTSET,
        description: str | None = None,
        source: str | None = None,
        schema: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if default is not NOTSET:
            _check_json(default)
        self.value = default
        self.description = description
        self.source = source
        given = {**(schema or {}), **kwargs}
        self.schema: dict[str, Any] = {k: v.schema if isinstance(v, Param) else v for k, v in given.items()}

    @property
    def has_value(self) -> bool:
        """Whether there is a value."""
        return is_arg_set(self.value) and self.value is not None

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:
        """Check a value (the default one) and return it."""
        if value is not NOTSET:
            try:
                _check_json(value)
            except ParamValidationError:
                if suppress_exception:
                    return None
                raise
        final = self.value if isinstance(value, ArgNotSet) else value
        if isinstance(final, ArgNotSet):
            if suppress_exception:
                return None
            raise ParamValidationError("No value passed")
        if self.schema:
            from airflow.sdk.definitions._internal.json_schema import check

            problem = check(final, self.schema)
            if problem is not None:
                if suppress_exception:
                    return None
                raise ParamValidationError(problem)
        self.value = final
        return final

    def dump(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "value": None if isinstance(self.value, ArgNotSet) else self.value,
            "schema": self.schema,
            "description": self.description,
        }

    serialize = dump

    def __copy__(self) -> Param:
        return Param(self.value, self.description, self.source, dict(self.schema))

    def __repr__(self) -> str:
        return f"Param({self.value!r})"


def _check_json(value: Any) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ParamValidationError(f"a param must be JSON: {error}") from None


class ParamsDict(MutableMapping[str, Any]):
    """Params by name. Reading gives the value; what is set is checked."""

    __slots__ = ("_params", "suppress_exception")

    def __init__(self, dict_obj: Mapping[str, Any] | None = None, suppress_exception: bool = False) -> None:
        self.suppress_exception = suppress_exception
        self._params: dict[str, Param] = {}
        for name, value in dict(dict_obj.items_raw() if isinstance(dict_obj, ParamsDict) else dict_obj or {}).items():
            self._params[name] = copy.copy(value) if isinstance(value, Param) else Param(value)

    def items_raw(self) -> list[tuple[str, Param]]:
        """Names and :class:`Param` objects."""
        return list(self._params.items())

    def __getitem__(self, key: str) -> Any:
        param = self._params[key]
        try:
            return param.resolve(suppress_exception=self.suppress_exception)
        except ParamValidationError as error:
            raise ParamValidationError(f"Invalid input for param {key}: {error}") from None

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, Param):
            self._params[key] = copy.copy(value)
            return
        known = self._params.get(key)
        if known is None:
            self._params[key] = Param(value)
            return
        try:
            known.resolve(value, suppress_exception=self.suppress_exception)
        except ParamValidationError as error:
            raise ParamValidationError(f"Invalid input for param {key}: {error}") from None

    def __delitem__(self, key: str) -> None:
        del self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ParamsDict):
            return self.dump() == other.dump()
        return self.dump() == other if isinstance(other, dict) else NotImplemented

    def __copy__(self) -> ParamsDict:
        return ParamsDict(self, self.suppress_exception)

    def __deepcopy__(self, memo: dict[int, Any]) -> ParamsDict:
        return ParamsDict({name: copy.deepcopy(param, memo) for name, param in self._params.items()})

    def __repr__(self) -> str:
        return repr(self.dump())

    def get_param(self, key: str) -> Param:
        """The :class:`Param` itself."""
        return self._params[key]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take in other params or plain values."""
        if len(args) == 1 and isinstance(args[0], ParamsDict):
            super().update(dict(args[0].items_raw()), **kwargs)
        else:
            super().update(*args, **kwargs)

    def dump(self) -> dict[str, Any]:
        """Plain values by name."""
        return {name: param.resolve(suppress_exception=True) for name, param in self._params.items()}

    def validate(self) -> dict[str, Any]:
        """Plain values by name; raises if one does not fit its schema."""
        return {name: self[name] for name in self._params}


class DagParam:
    """Stands for a param of a run in a task's arguments; see the ``dag`` decorator."""

    is_reference = True

    def __init__(self, current_dag: DAG, name: str, default: Any = NOTSET) -> None:
        if default is not NOTSET:
            current_dag.params[name] = default if default is not None else Param(None)
        self.current_dag = current_dag
        self._name = name
        self._default = default

    def iter_references(self) -> Iterator[Any]:
        """No task."""
        return iter(())

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        """The value in the present run."""
        conf = getattr(context.get("dag_run"), "conf", None) or {}
        if self._name in conf:
            return conf[self._name]
        params = context["params"]
        if self._name in params:
            return params[self._name]
        if self._default is not NOTSET:
            return self._default
        from airflow.sdk.exceptions import AirflowException

        raise AirflowException(f"this run has no param {self._name!r}")

    def serialize(self) -> dict[str, Any]:
        """As plain data."""
        return {"dag_id": self.current_dag.dag_id, "name": self._name}


def process_params(dag: DAG, task: Any, dagrun_conf: dict[str, Any] | None, *, suppress_exception: bool) -> ParamsDict:
    """The params of a task in a run: DAG's, task's, and what the run was given."""
    params = ParamsDict(suppress_exception=suppress_exception)
    params.update(dag.params)
    params.update(task._own_params)
    if dagrun_conf:
        from airflow.configuration import conf

        if conf.getboolean("core", "dag_run_conf_overrides_params", fallback=True):
            params.update({name: value for name, value in dagrun_conf.items() if name in params or not dag.params})
    return params
