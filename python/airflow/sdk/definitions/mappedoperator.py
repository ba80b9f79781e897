"""Mapped tasks: one task in the file, as many instances in a run as a list has items."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.expandinput import ExpandInput, ExpandKwargsInput, mapped_groups
from airflow.sdk.definitions.xcom_arg import iter_references
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


class MappedOperator(BaseOperator):
    """The task in the file. Each instance of a run turns it into a real operator with :meth:`unmap`."""

    is_mapped = True
    _mapped_class: type[BaseOperator]
    _defaults: dict[str, Any]
    partial_kwargs: dict[str, Any]
    expand_input: ExpandInput | ExpandKwargsInput
    op_kwargs_expand: bool

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
        around = mapped_groups(self)
        if around:
            raise NotImplementedError(
                f"task {self.task_id!r} can't be mapped: the task group {around[-1].group_id!r} around it is mapped "
                "itself; map one of the two"
            )
        for operator in iter_references(self.partial_kwargs):
            self.set_upstream(operator)
        for operator in self.expand_input.iter_references():
            self.set_upstream(operator)

    def _depend_on(self, value: Any) -> None:
        """Upstream tasks come from the arguments of partial and expand, not from attributes."""

    @property
    def operator_class(self) -> type:
        """The class that runs each instance."""
        return self._mapped_class

    @property
    def task_type(self) -> str:
        """Name of that class."""
        return self._mapped_class.__name__

    @property
    def operator_name(self) -> str:
        """The name that people see."""
        return getattr(self._mapped_class, "custom_operator_name", None) or self.task_type

    def iter_mapped_dependencies(self) -> Iterator[Any]:
        """Operators whose values are mapped over."""
        return self.expand_input.iter_sources()

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
        """Never run: instances are made with :meth:`unmap`."""
        raise RuntimeError(f"mapped task {self.task_id!r} runs by its instances only")

    def __repr__(self) -> str:
        return f"<Mapped({self.task_type}): {self.task_id}>"
