"""Mapped tasks: one task in the file, as many instances in a run as a list has items."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions.xcom_arg import XComArg, iter_references
from airflow.sdk.exceptions import UnmappableOperator

_BASE_ARGUMENTS = frozenset(inspect.signature(BaseOperator.__init__.__wrapped__).parameters) - {"self", "kwargs"}  # type: ignore[attr-defined]
# Arguments that decide where a task stands or how it is planned: they can't differ between instances.
_NOT_MAPPABLE = frozenset({"task_id", "dag", "task_group", "trigger_rule", "default_args", "start_date", "end_date"})


def known_arguments(operator_class: type) -> frozenset[str] | None:
    """Names that the constructor takes; None if it takes anything."""
    names: set[str] = set()
    for kind in operator_class.__mro__:
        init = kind.__dict__.get("__init__")
        if init is None:
            continue
        parameters = inspect.signature(getattr(init, "__wrapped__", init)).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if kind is BaseOperator or not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return frozenset(names - {"self"})


class OperatorPartial:
    """What ``Operator.partial`` gives: waits for ``expand`` or ``expand_kwargs``."""

    def __init__(self, operator_class: type[BaseOperator], kwargs: dict[str, Any]) -> None:
        self.operator_class = operator_class
        self.kwargs = kwargs
        known = known_arguments(operator_class)
        unknown = sorted(set(kwargs) - known) if known is not None else []
        if unknown:
            raise TypeError(f"{operator_class.__name__}.partial does not take the argument {unknown[0]!r}")

    def expand(self, **mapped_kwargs: Any) -> MappedOperator:
        """One instance for each combination of the items of these lists."""
        if not mapped_kwargs:
            raise TypeError("expand needs at least one argument to map over")
        known = known_arguments(self.operator_class)
        for name in mapped_kwargs:
            if known is not None and name not in known:
                raise TypeError(f"{self.operator_class.__name__}.expand does not take the argument {name!r}")
            if name in self.kwargs:
                raise TypeError(f"argument {name!r} is given both to partial and to expand")
            if name in _NOT_MAPPABLE:
                raise UnmappableOperator(f"argument {name!r} can't be mapped")
        return self._make(ExpandInput(mapped_kwargs))

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedOperator:
        """One instance for each dict of arguments in a list."""
        return self._make(ExpandKwargsInput(kwargs))

    def _make(self, expand_input: ExpandInput | ExpandKwargsInput) -> MappedOperator:
        base = {name: value for name, value in self.kwargs.items() if name in _BASE_ARGUMENTS}
        return MappedOperator(
            operator_class=self.operator_class,
            partial_kwargs=self.kwargs,
            expand_input=expand_input,
            **base,
        )


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

    def as_spec(self) -> dict[str, Any]:
        """As plain data, for the scheduler."""
        over = {name: _spec(items) for name, items in self.value.items()}
        return {"kind": self.kind, "over": over, "order": list(self.value)}

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """The arguments of one instance, and identities of values that came from XComs."""
        found: dict[str, Any] = {}
        from_xcom: set[int] = set()
        for name, items in reversed(self.value.items()):
            values = _values(items, context)
            if not values:
                raise IndexError(f"{name!r} has no items, so this instance of the mapped task should not be")
            map_index, at = divmod(map_index, len(values))
            found[name] = values[at]
            if isinstance(items, XComArg):
                from_xcom.add(id(values[at]))
        if map_index:
            raise IndexError("the mapped task has more instances than its arguments have combinations")
        return found, from_xcom

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
        """Operators whose values are mapped over."""
        yield from iter_references(self.value)

    def as_spec(self) -> dict[str, Any]:
        """As plain data, for the scheduler."""
        return {"kind": self.kind, "over": {"kwargs": _spec(self.value)}}

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """The arguments of one instance, and identities of values that came from XComs."""
        items = _values(self.value, context)
        item = items[map_index]
        if isinstance(item, XComArg):
            item = item.resolve(context)
        if not isinstance(item, Mapping) or not all(isinstance(name, str) for name in item):
            raise ValueError(f"expand_kwargs needs dicts of arguments, but item {map_index} is {item!r}")
        resolved = {n: v.resolve(context) if isinstance(v, XComArg) else v for n, v in item.items()}
        from_xcom = {id(value) for value in resolved.values()} if isinstance(self.value, XComArg) else set()
        return resolved, from_xcom

    def parse_time_length(self) -> int | None:
        """Number of instances, if the file alone says it."""
        return None if isinstance(self.value, XComArg) else len(self.value)


def _check_mappable(name: str, items: Any) -> None:
    if isinstance(items, XComArg):
        if getattr(items, "key", "return_value") != "return_value":
            raise ValueError(f"argument {name!r}: only a task's return value can be mapped over, not {items.key!r}")  # type: ignore[attr-defined]
        return
    if isinstance(items, (str, bytes)) or not isinstance(items, (Sequence, Mapping)):
        raise ValueError(
            f"argument {name!r} can be mapped over a list, dict or task's value, not {type(items).__name__}"
        )


def _values(items: Any, context: Mapping[str, Any]) -> Sequence[Any]:
    resolved = items.resolve(context) if isinstance(items, XComArg) else items
    if isinstance(resolved, Mapping):
        return list(resolved.items())
    if isinstance(resolved, (str, bytes)) or not isinstance(resolved, Sequence):
        raise TypeError(f"a task can be mapped over a list or dict, not {type(resolved).__name__}")
    return resolved


def _spec(items: Any) -> dict[str, Any]:
    if isinstance(items, XComArg):
        return items.as_spec()
    from airflow._serialize.values import plain

    if isinstance(items, Mapping):
        return {"literal": [[plain(key), plain(value)] for key, value in items.items()]}
    return {"literal": [plain(item) for item in items]}


class MappedOperator(BaseOperator):
    """The task in the file. Each instance of a run turns it into a real operator with :meth:`unmap`."""

    is_mapped = True

    def __init__(
        self,
        *,
        operator_class: type[BaseOperator],
        partial_kwargs: dict[str, Any],
        expand_input: ExpandInput | ExpandKwargsInput,
        op_kwargs_expand: bool = False,
        **kwargs: Any,
    ) -> None:
        state = self.__dict__
        construction = state["_construction"]
        state["_mapped_class"] = operator_class
        state["partial_kwargs"] = partial_kwargs
        state["expand_input"] = expand_input
        state["op_kwargs_expand"] = op_kwargs_expand
        for name in ("template_fields", "template_ext", "template_fields_renderers", "ui_color", "ui_fgcolor"):
            state[name] = getattr(operator_class, name)
        state["inherits_from_empty_operator"] = operator_class.inherits_from_empty_operator
        state["operator_extra_links"] = operator_class.operator_extra_links
        state["_defaults"] = {**construction.default_args, "params": construction.params}
        super().__init__(**kwargs)

    def _constructed(self) -> None:
        super()._constructed()
        for operator in iter_references([self.partial_kwargs, list(self.expand_input.iter_references())]):
            self.set_upstream(operator)
        for operator in self.expand_input.iter_references():
            self.set_upstream(operator)

    def _depend_on(self, value: Any) -> None:
        """Upstream tasks come from the arguments of partial and expand, not from attributes."""

    @property
    def operator_class(self) -> type:
        return self._mapped_class

    @property
    def task_type(self) -> str:
        return self._mapped_class.__name__

    @property
    def operator_name(self) -> str:
        return getattr(self._mapped_class, "custom_operator_name", None) or self.task_type

    def iter_mapped_dependencies(self) -> Iterator[Any]:
        """Operators whose values are mapped over."""
        return self.expand_input.iter_references()

    def get_parse_time_mapped_ti_count(self) -> int | None:
        """Number of instances, if the file alone says it."""
        return self.expand_input.parse_time_length()

    def as_spec(self) -> dict[str, Any]:
        """What it maps over, for the scheduler."""
        spec = self.expand_input.as_spec()
        if self.map_index_template:
            spec["map_index_template"] = self.map_index_template
        return spec

    def unmap(self, resolve: Any = None) -> BaseOperator:
        """The real operator, with the arguments of one instance."""
        resolved: Mapping[str, Any] = resolve or {}
        kwargs = dict(self.partial_kwargs)
        if self.op_kwargs_expand:
            kwargs["op_kwargs"] = {**kwargs.get("op_kwargs", {}), **resolved}
        else:
            kwargs.update(resolved)
        for name in ("dag", "task_group"):
            kwargs.pop(name, None)
        kwargs["default_args"] = self._defaults
        kwargs["task_id"] = self.task_id
        operator = self._mapped_class(**kwargs)
        operator.__dict__.update(
            _dag=self._dag,
            task_group=self.task_group,
            upstream_task_ids=self.upstream_task_ids,
            downstream_task_ids=self.downstream_task_ids,
            trigger_rule=self.trigger_rule,
            _is_setup=self._is_setup,
            _is_teardown=self._is_teardown,
        )
        operator.__dict__.pop("_params", None)
        return operator

    def resolve_arguments(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """The mapped arguments of one instance, and identities of values that came from XComs."""
        return self.expand_input.resolve(context, map_index)

    def execute(self, context: Any) -> Any:
        raise RuntimeError(f"mapped task {self.task_id!r} runs by its instances only")

    def __repr__(self) -> str:
        return f"<Mapped({self.task_type}): {self.task_id}>"
