"""A task's future value, used as an argument of other tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from airflow.sdk.definitions._internal.items import Joined, Mapped, Result, Zipped, as_items
from airflow.sdk.definitions.edges import DependencyMixin, EdgeModifier
from airflow.sdk.exceptions import AirflowException

XCOM_RETURN_KEY = "return_value"


class XComArg(DependencyMixin):
    """What an operator returns (or pushes under ``key``). ``XComArg(op)`` is ``op.output``."""

    is_reference = True

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """A value of an operator, or of the kind that is made."""
        return object.__new__(PlainXComArg if cls is XComArg else cls)

    def iter_references(self) -> Iterator[Any]:
        """Operators whose values are used."""
        raise NotImplementedError

    @staticmethod
    def iter_xcom_references(arg: Any) -> Iterator[tuple[Any, str]]:
        """Operators and keys that an argument uses."""
        for found in _iter_arguments(arg):
            if isinstance(found, PlainXComArg):
                yield found.operator, found.key
            else:
                for operator in found.iter_references():
                    yield operator, XCOM_RETURN_KEY

    @staticmethod
    def apply_upstream_relationship(op: Any, arg: Any) -> None:
        """Put the tasks whose values an argument uses before a task."""
        for operator in iter_references(arg):
            op.set_upstream(operator)

    @property
    def roots(self) -> list[Any]:
        """What upstream tasks are connected to."""
        return list(self.iter_references())

    @property
    def leaves(self) -> list[Any]:
        """What downstream tasks are connected to."""
        return list(self.iter_references())

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes before this."""
        for operator in self.iter_references():
            operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes after this."""
        for operator in self.iter_references():
            operator.set_downstream(other, edge_modifier)

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """Each item after a function; for mapped tasks."""
        return MapXComArg(self, [f])

    def zip(self, *others: XComArg, fillvalue: Any = ...) -> ZipXComArg:
        """Items of several values side by side; for mapped tasks."""
        return ZipXComArg([self, *others], fillvalue)

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """Items of several values one after the other; for mapped tasks."""
        return ConcatXComArg([self, *others])

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        """The value, while a task runs."""
        raise NotImplementedError

    def items(self, context: Mapping[str, Any]) -> Sequence[Any]:
        """The value as a mapped task sees it: items that are fetched one by one, while a task runs."""
        return as_items(self.resolve(context))

    def as_spec(self) -> dict[str, Any]:
        """As plain data, for the scheduler: where a mapped task's items come from."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a task's future value can't be iterated over or unpacked in a DAG file")

    def __enter__(self) -> Any:
        for operator in self.iter_references():
            return operator.__enter__()
        raise AirflowException("there is no task in this value")

    def __exit__(self, *exc: Any) -> None:
        for operator in self.iter_references():
            operator.__exit__(*exc)
            return


class PlainXComArg(XComArg):
    """The value that a task pushes under a key."""

    def __init__(self, operator: Any, key: str = XCOM_RETURN_KEY) -> None:
        self.operator = operator
        self.key = key

    def iter_references(self) -> Iterator[Any]:
        """The operators whose values it uses, each with the key."""
        yield self.operator

    def __getitem__(self, item: str) -> PlainXComArg:
        if not isinstance(item, str):
            raise ValueError(f"a task's future value has text keys only, not {item!r}")
        return PlainXComArg(self.operator, item)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlainXComArg) and self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __str__(self) -> str:
        """A template that gives the value, for use inside longer texts."""
        where = f"task_ids='{self.operator.task_id}', dag_id='{self.operator.dag_id}'"
        key = f", key='{self.key}'" if self.key != XCOM_RETURN_KEY else ""
        return f"{{{{ task_instance.xcom_pull({where}{key}) }}}}"

    def __repr__(self) -> str:
        key = f", {self.key!r}" if self.key != XCOM_RETURN_KEY else ""
        return f"XComArg({self.operator!r}{key})"

    def as_setup(self) -> Any:
        """Mark the tasks as setup."""
        self.operator.as_setup()
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> Any:
        """Mark the tasks as teardown, of ``setups`` if given."""
        self.operator.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    @property
    def is_setup(self) -> bool:
        """Whether the task is a setup task."""
        answer: bool = self.operator.is_setup
        return answer

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        self.operator.is_setup = value

    @property
    def is_teardown(self) -> bool:
        """Whether the task is a teardown task."""
        answer: bool = self.operator.is_teardown
        return answer

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        self.operator.is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """Whether the failure of this teardown task fails the run."""
        answer: bool = self.operator.on_failure_fail_dagrun
        return answer

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        self.operator.on_failure_fail_dagrun = value

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """The value with each item replaced by what the function makes of it."""
        if self.key != XCOM_RETURN_KEY:
            raise ValueError(f"only a task's return value can be mapped, not the XCom {self.key!r}")
        return super().map(f)

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        """The value, in a running task."""
        from airflow.sdk.definitions._internal.types import NOTSET
        from airflow.sdk.exceptions import XComNotFound

        ti = context["ti"]
        indexes = ti.relevant_indexes(self.operator)
        if indexes is None:
            return ti.pull_mapped(self.operator.task_id, self.key)
        if isinstance(indexes, range):
            return ti.xcom_pull(task_ids=self.operator.task_id, key=self.key, map_indexes=indexes)
        at = None if indexes < 0 else indexes
        value = ti.xcom_pull(task_ids=self.operator.task_id, key=self.key, map_indexes=at, default=NOTSET)
        if value is not NOTSET:
            return value
        if self.key == XCOM_RETURN_KEY:
            return None
        if getattr(self.operator, "multiple_outputs", False):
            return None
        raise XComNotFound(ti.dag_id, self.operator.task_id, self.key)

    def items(self, context: Mapping[str, Any]) -> Sequence[Any]:
        """The items to map over, in a running task."""
        ti = context["ti"]
        indexes = ti.relevant_indexes(self.operator)
        if isinstance(indexes, int) and indexes < 0:
            return Result(
                lambda item: ti.pull_item(self.operator.task_id, self.key, item), lambda: self.resolve(context)
            )
        return as_items(self.resolve(context))

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"xcom": {"task_id": self.operator.task_id, "key": self.key}}


class MapXComArg(XComArg):
    """Each item of a value after one or more functions."""

    def __init__(self, arg: XComArg, callables: Sequence[Callable[[Any], Any]]) -> None:
        for function in callables:
            if getattr(function, "_airflow_is_task_decorator", False):
                raise ValueError("map takes a plain function, not a task")
        self.arg = arg
        self.callables = list(callables)

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """The value with each item replaced by what the function makes of it."""
        return MapXComArg(self.arg, [*self.callables, f])

    def iter_references(self) -> Iterator[Any]:
        """The operators whose values it uses, each with the key."""
        return self.arg.iter_references()

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        """The value, in a running task."""
        return Mapped(as_items(self.arg.resolve(context)), self.callables)

    def items(self, context: Mapping[str, Any]) -> Sequence[Any]:
        """The items to map over, in a running task."""
        return Mapped(self.arg.items(context), self.callables)

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return self.arg.as_spec()

    def __repr__(self) -> str:
        return f"{self.arg!r}.map([{len(self.callables)} functions])"


class ZipXComArg(XComArg):
    """Items of several values side by side."""

    def __init__(self, args: Sequence[XComArg], fillvalue: Any = ...) -> None:
        self.args = list(args)
        self.fillvalue = fillvalue

    def iter_references(self) -> Iterator[Any]:
        """The operators whose values it uses, each with the key."""
        for arg in self.args:
            yield from arg.iter_references()

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        """The value, in a running task."""
        return Zipped([as_items(arg.resolve(context)) for arg in self.args], self.fillvalue)

    def items(self, context: Mapping[str, Any]) -> Sequence[Any]:
        """The items to map over, in a running task."""
        return Zipped([arg.items(context) for arg in self.args], self.fillvalue)

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"zip": [arg.as_spec() for arg in self.args], "longest": self.fillvalue is not ...}


class ConcatXComArg(XComArg):
    """Items of several values one after the other."""

    def __init__(self, args: Sequence[XComArg]) -> None:
        self.args = list(args)

    def iter_references(self) -> Iterator[Any]:
        """The operators whose values it uses, each with the key."""
        for arg in self.args:
            yield from arg.iter_references()

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        """The value, in a running task."""
        return Joined([as_items(arg.resolve(context)) for arg in self.args])

    def items(self, context: Mapping[str, Any]) -> Sequence[Any]:
        """The items to map over, in a running task."""
        return Joined([arg.items(context) for arg in self.args])

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"concat": [arg.as_spec() for arg in self.args]}


def _iter_arguments(value: Any, seen: set[int] | None = None) -> Iterator[Any]:
    kind = type(value)  # objects of the context answer to any name, and may ask the server for it
    if getattr(kind, "is_reference", False):
        yield value
    elif isinstance(value, (str, bytes, int, float)) or value is None:
        return
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _iter_arguments(item, seen)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _iter_arguments(item, seen)
    else:
        fields = getattr(kind, "template_fields", None) or getattr(value, "__dict__", {}).get("template_fields")
        if fields and not isinstance(value, type) and not callable(fields):
            seen = seen if seen is not None else set()
            if id(value) not in seen:
                seen.add(id(value))
                for name in fields:
                    yield from _iter_arguments(getattr(value, name, None), seen)


def iter_references(value: Any) -> Iterator[Any]:
    """Operators whose values an argument uses, however deep in lists and dicts."""
    for argument in _iter_arguments(value):
        yield from argument.iter_references()
