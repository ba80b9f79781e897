"""A task as a node of its DAG's graph: neighbours, setup and teardown marks. Shared by plain and mapped tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.rules import TriggerRule
from airflow.sdk.definitions._internal.templater import Templater
from airflow.sdk.definitions.edges import DependencyMixin, EdgeModifier, connect, flatten

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup


class TaskNode(Templater, DependencyMixin):
    """Edges to other tasks; the ids are kept on both sides."""

    task_id: str
    task_group: TaskGroup | None
    upstream_task_ids: set[str]
    downstream_task_ids: set[str]
    trigger_rule: TriggerRule
    _dag: DAG | None = None
    _is_setup: bool = False
    _is_teardown: bool = False
    _on_failure_fail_dagrun: bool = False
    #: Whether its return value is (part of) what a run of the DAG gives to those who wait for it.
    returns_dag_result: bool = False
    _task_display_name: str | None = None

    # Identity.

    def has_dag(self) -> bool:
        """Whether it is in a DAG."""
        return self._dag is not None

    def get_dag(self) -> DAG | None:
        """Its DAG, if it has one."""
        return self._dag

    @property
    def dag_id(self) -> str:
        """Id of its DAG."""
        return self._dag.dag_id if self._dag is not None else f"adhoc_{getattr(self, 'owner', 'airflow')}"

    @property
    def node_id(self) -> str:
        """The task's id."""
        return self.task_id

    @property
    def label(self) -> str:
        """The id without the group's prefix."""
        group = self.task_group
        if group is not None and group.node_id and group.prefix_group_id:
            return self.task_id[len(group.node_id) + 1 :]
        return self.task_id

    @property
    def task_display_name(self) -> str:
        """What people see instead of the id."""
        return self._task_display_name or self.task_id

    # Neighbours.

    @property
    def roots(self) -> list[Any]:
        """Itself."""
        return [self]

    @property
    def leaves(self) -> list[Any]:
        """Itself."""
        return [self]

    @property
    def upstream_list(self) -> list[Any]:
        """Direct upstream tasks."""
        return [self._dag.get_task(task_id) for task_id in sorted(self.upstream_task_ids)] if self._dag else []

    @property
    def downstream_list(self) -> list[Any]:
        """Direct downstream tasks."""
        return [self._dag.get_task(task_id) for task_id in sorted(self.downstream_task_ids)] if self._dag else []

    def get_direct_relative_ids(self, upstream: bool = False) -> set[str]:
        """Ids of the direct neighbours on one side."""
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream: bool = False) -> list[Any]:
        """Direct neighbours on one side."""
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, upstream: bool = False) -> set[str]:
        """Ids of all tasks on one side, however far."""
        found: set[str] = set()
        if self._dag is None:
            return found
        todo = list(self.get_direct_relative_ids(upstream))
        while todo:
            task_id = todo.pop()
            if task_id not in found:
                found.add(task_id)
                todo.extend(self._dag.task_dict[task_id].get_direct_relative_ids(upstream))
        return found

    def get_flat_relatives(self, upstream: bool = False) -> list[Any]:
        """All tasks on one side, however far."""
        return [self._dag.task_dict[task_id] for task_id in sorted(self.get_flat_relative_ids(upstream))]  # type: ignore[union-attr]

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes before this."""
        self._relate(other, upstream=True, edge_modifier=edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes after this."""
        self._relate(other, upstream=False, edge_modifier=edge_modifier)

    def _relate(self, other: Any, *, upstream: bool, edge_modifier: EdgeModifier | None) -> None:
        label = edge_modifier.label if edge_modifier is not None else None
        for item in flatten(other):
            if isinstance(item, EdgeModifier):
                item.update_relative(self, upstream=not upstream)
                continue
            if not isinstance(item, DependencyMixin):
                raise TypeError(
                    f"task {self.task_id!r} can be put next to tasks, groups, labels and lists of them, "
                    f"not {type(item).__name__} {item!r}"
                )
            item.update_relative(self, upstream=not upstream, edge_modifier=edge_modifier)
            for task in item.leaves if upstream else item.roots:
                if upstream:
                    connect(task, self, label)  # type: ignore[arg-type]
                else:
                    connect(self, task, label)  # type: ignore[arg-type]

    # Setup and teardown.

    @property
    def is_setup(self) -> bool:
        """It prepares what other tasks need."""
        return self._is_setup

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        if value and self._is_teardown:
            raise ValueError(f"task {self.task_id!r} is a teardown task and can't be a setup task too")
        self._is_setup = value

    @property
    def is_teardown(self) -> bool:
        """It cleans up what setup tasks prepared."""
        return self._is_teardown

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        if value and self._is_setup:
            raise ValueError(f"task {self.task_id!r} is a setup task and can't be a teardown task too")
        self._is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """Whether the failure of this teardown task fails the run."""
        return self._on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        if value and not self._is_teardown:
            raise ValueError(f"on_failure_fail_dagrun is for teardown tasks, which {self.task_id!r} is not")
        self._on_failure_fail_dagrun = value

    def as_setup(self) -> Any:
        """Mark as a setup task."""
        self.is_setup = True
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> Any:
        """Mark as a teardown task, of the given setup tasks."""
        self.is_teardown = True
        self.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        for setup in flatten(setups) if setups is not None else ():
            setup = getattr(setup, "operator", setup)
            setup.is_setup = True
            setup.set_downstream(self)
        return self

    def iter_mapped_dependants(self) -> Iterable[Any]:
        """Mapped tasks and task groups that are mapped over this task's value."""
        if self._dag is None:
            return
        for task in self.downstream_list:
            if task.is_mapped and any(used is self for used in task.iter_mapped_dependencies()):
                yield task
        for group in self._dag.task_group_dict.values():
            if group.is_mapped and any(used is self for used in group.iter_mapped_dependencies()):
                yield group

    def get_closest_mapped_task_group(self) -> Any:
        """The innermost mapped task group around it, or None."""
        return next(self.iter_mapped_task_groups(), None)

    def iter_mapped_task_groups(self) -> Iterator[Any]:
        """The mapped task groups around it, innermost first."""
        group = self.task_group
        while group is not None:
            if group.is_mapped:
                yield group
            group = group.parent_group

    @property
    def priority_weight_total(self) -> int:
        """The weight as its rule counts it."""
        own = int(self.priority_weight)  # type: ignore[attr-defined]
        rule = self.weight_rule  # type: ignore[attr-defined]
        if not isinstance(rule, str):
            from airflow.task.priority_strategy import priorities

            return priorities(rule, self, 0)[0]
        if rule == "absolute" or self._dag is None:
            return own
        number: int = own + sum(task.priority_weight for task in self.get_flat_relatives(upstream=rule == "upstream"))
        return number

    @property
    def operator_class(self) -> type:
        """The class that runs the task."""
        return type(self)

    def links_by_name(self) -> dict[str, Any]:
        """The links of the operator's class and of plugins for it. A plugin's wins over one of the same name."""
        from airflow._runtime.plugins import loaded

        own = getattr(self, "operator_extra_links", ()) or ()
        if isinstance(own, property):  # of a mapped task: only its instances know
            own = ()
        return {link.name: link for link in [*own, *loaded().links(self.operator_class)]}

    @property
    def extra_links(self) -> list[str]:
        """Names of the links that the operator's class offers."""
        return sorted(self.links_by_name())


AbstractOperator = DAGNode = TaskNode
