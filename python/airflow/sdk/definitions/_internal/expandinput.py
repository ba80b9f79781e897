"""What ``expand`` and ``expand_kwargs`` were given: lists by argument, or a list of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.items import as_items
from airflow.sdk.definitions.xcom_arg import XComArg, iter_references
from airflow.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from airflow.sdk.definitions.taskgroup import MappedTaskGroup


class ExpandInput:
    """Lists by argument name; instances are the combinations, the last argument changing fastest."""

    kind = "expand"

    def __init__(self, value: dict[str, Any]) -> None:
        for name, items in value.items():
            _check_mappable(name, items)
        self.value = value

    def iter_references(self) -> Iterator[Any]:
        """Operators whose values are mapped over."""
        yield from iter_references(self.value)

    iter_sources = iter_references

    def as_spec(self) -> dict[str, Any]:
        """As plain data, for the scheduler."""
        over = {name: _spec(items) for name, items in self.value.items()}
        return {"kind": self.kind, "over": over, "order": list(self.value)}

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """The arguments of one instance, and identities of values that came from XComs."""
        found: dict[str, Any] = {}
        from_xcom: set[int] = set()
        for position, (name, items) in enumerate(reversed(self.value.items())):
            values = _values(items, context)
            at = map_index
            if position < len(self.value) - 1:
                if not len(values):
                    raise IndexError(f"{name!r} has no items, so this instance of the mapped task should not be")
                map_index, at = divmod(map_index, len(values))
            try:
                found[name] = values[at]
            except IndexError:
                raise IndexError("the mapped task has more instances than its arguments have combinations") from None
            if isinstance(items, XComArg):
                from_xcom.add(id(found[name]))
        return {name: found[name] for name in self.value}, from_xcom

    def length(self, context: Mapping[str, Any]) -> int:
        """Number of combinations, while a task runs."""
        length = 1
        for items in self.value.values():
            length *= len(_values(items, context))
        return length

    def parse_time_length(self) -> int | None:
        """Number of instances, if the file alone says it."""
        length = 1
        for items in self.value.values():
            if isinstance(items, XComArg):
                return None
            length *= len(items)
        return length


class ExpandKwargsInput:
    """A list of dicts of arguments."""

    kind = "expand_kwargs"

    def __init__(self, value: Any) -> None:
        if isinstance(value, XComArg):
            pass
        elif not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            raise TypeError(f"expand_kwargs takes a list of dicts or a task's value, not {type(value).__name__}")
        elif not all(isinstance(item, (dict, XComArg)) for item in value):
            raise TypeError("expand_kwargs takes a list of which every item is a dict")
        self.value = value

    def iter_references(self) -> Iterator[Any]:
        """Operators whose values are used."""
        yield from iter_references(self.value)

    def iter_sources(self) -> Iterator[Any]:
        """Operators whose values are mapped over: those within a list in the file do not decide how long it is."""
        if isinstance(self.value, XComArg):
            yield from self.value.iter_references()

    def as_spec(self) -> dict[str, Any]:
        """As plain data, for the scheduler."""
        return {"kind": self.kind, "over": {"kwargs": _spec(self.value)}}

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """The arguments of one instance, and identities of values that came from XComs."""
        items = _values(self.value, context)
        try:
            item = items[map_index]
        except IndexError:
            raise IndexError("the mapped task has more instances than there are dicts of arguments") from None
        whole = isinstance(self.value, XComArg) or isinstance(item, XComArg)
        if isinstance(item, XComArg):
            item = item.resolve(context)
        if not isinstance(item, Mapping) or not all(isinstance(name, str) for name in item):
            raise ValueError(f"expand_kwargs needs dicts of arguments, but item {map_index} is {item!r}")
        resolved, from_xcom = {}, set()
        for name, value in item.items():
            if isinstance(value, XComArg):
                value = value.resolve(context)
                from_xcom.add(id(value))
            elif whole:
                from_xcom.add(id(value))
            resolved[name] = value
        return resolved, from_xcom

    def length(self, context: Mapping[str, Any]) -> int:
        """Number of dicts, while a task runs."""
        return len(_values(self.value, context))

    def parse_time_length(self) -> int | None:
        """Number of instances, if the file alone says it."""
        return None if isinstance(self.value, XComArg) else len(self.value)


class MappedArgument(XComArg):
    """An argument of a mapped task group's function: each instance of a task in the group has its own."""

    def __init__(self, expand_input: ExpandInput | ExpandKwargsInput, key: str) -> None:
        self.expand_input = expand_input
        self.key = key
        self.group: MappedTaskGroup | None = None

    def iter_references(self) -> Iterator[Any]:
        return self.expand_input.iter_references()

    def resolve(self, context: Mapping[str, Any], *, include_xcom: bool = True) -> Any:
        ti = context["ti"]
        if ti.map_index < 0 or self.group is None:
            raise AirflowException(f"argument {self.key!r} of a mapped task group has a value in a mapped task only")
        groups = mapped_groups(ti.task)
        if self.group not in groups:
            raise AirflowException(
                f"task {ti.task_id!r} uses argument {self.key!r} of the mapped task group "
                f"{self.group.group_id!r}, which it is not in"
            )
        index = ti.map_index
        for inner in reversed(groups[groups.index(self.group) + 1 :]):
            index //= inner.expand_input.length(context)
        if groups[0] is not self.group:
            index %= self.expand_input.length(context)
        arguments, _ = self.expand_input.resolve(context, index)
        try:
            return arguments[self.key]
        except KeyError:
            raise AirflowException(f"the dict of arguments number {index} has no {self.key!r}") from None

    def as_spec(self) -> dict[str, Any]:
        raise _no_nesting()

    def __str__(self) -> str:
        return f"<argument {self.key} of a mapped task group>"

    def __repr__(self) -> str:
        return f"MappedArgument({self.key!r})"


def mapped_groups(node: Any) -> list[MappedTaskGroup]:
    """The mapped task groups around a task or group, outermost first."""
    found: list[MappedTaskGroup] = []
    group = node.task_group if hasattr(node, "task_group") else node.parent_group
    while group is not None:
        if group.is_mapped:
            found.insert(0, group)
        group = group.parent_group
    return found


def _no_nesting() -> Exception:
    return NotImplementedError(
        "the arguments of a mapped task group can't be mapped over again within it; make the list longer instead"
    )


def _check_mappable(name: str, items: Any) -> None:
    if isinstance(items, MappedArgument):
        raise _no_nesting()
    if isinstance(items, XComArg):
        if getattr(items, "key", "return_value") != "return_value":
            raise ValueError(f"argument {name!r}: only a task's return value can be mapped over, not {items.key!r}")  # type: ignore[attr-defined]
        return
    if isinstance(items, (str, bytes)) or not isinstance(items, (Sequence, Mapping)):
        raise ValueError(
            f"argument {name!r} can be mapped over a list, dict or task's value, not {type(items).__name__}"
        )


def _values(items: Any, context: Mapping[str, Any]) -> Sequence[Any]:
    return items.items(context) if isinstance(items, XComArg) else as_items(items)


def _spec(items: Any) -> dict[str, Any]:
    if isinstance(items, XComArg):
        return items.as_spec()
    from airflow._serialize.values import plain

    if isinstance(items, Mapping):
        return {"literal": [[plain(key), plain(value)] for key, value in items.items()]}
    return {"literal": [plain(item) for item in items]}


# Names of Airflow's own classes.
DictOfListsExpandInput = ExpandInput
ListOfDictsExpandInput = ExpandKwargsInput
