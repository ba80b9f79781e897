"""How tasks, groups and labels are put in order: ``>>``, ``<<``, ``set_upstream``, ``set_downstream``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.bases.operator import BaseOperator


class DependencyMixin:
    """Everything that can stand beside an arrow."""

    @property
    def roots(self) -> Iterable[Any]:
        """Tasks that go first."""
        raise NotImplementedError

    @property
    def leaves(self) -> Iterable[Any]:
        """Tasks that go last."""
        raise NotImplementedError

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes before this."""
        raise NotImplementedError

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes after this."""
        raise NotImplementedError

    def update_relative(self, other: Any, upstream: bool = True, edge_modifier: EdgeModifier | None = None) -> None:
        """Told by ``other`` that it was put next to this."""

    def as_setup(self) -> DependencyMixin:
        """Mark as a setup task."""
        raise NotImplementedError

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool = False) -> DependencyMixin:
        """Mark as a teardown task."""
        raise NotImplementedError

    def __rshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return other

    def __lshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return other

    def __rrshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return self


def flatten(items: Any) -> list[Any]:
    """A list of what may be one thing, a list or nested lists."""
    if isinstance(items, (list, tuple, set, frozenset)):
        return [leaf for item in items for leaf in flatten(item)]
    return [items]


def connect(upstream: BaseOperator, downstream: BaseOperator, label: str | None = None) -> None:
    """Make an edge between two tasks; a task without a DAG joins the other's."""
    from airflow.sdk.exceptions import AirflowException

    dags = {id(task.dag): task.dag for task in (upstream, downstream) if task.has_dag()}
    if len(dags) > 1:
        names = " and ".join(sorted(repr(dag.dag_id) for dag in dags.values()))
        raise AirflowException(
            f"tasks {upstream.task_id!r} and {downstream.task_id!r} are of different DAGs, {names}; "
            "dependencies can only be set between tasks of one DAG"
        )
    if not dags:
        raise AirflowException(
            f"tasks {upstream.task_id!r} and {downstream.task_id!r} have no DAG yet; give one of them its DAG first"
        )
    (dag,) = dags.values()
    for task in (upstream, downstream):
        if not task.has_dag():
            task.dag = dag
    upstream.downstream_task_ids.add(downstream.task_id)
    downstream.upstream_task_ids.add(upstream.task_id)
    if label is not None:
        dag.set_edge_info(upstream.task_id, downstream.task_id, {"label": label})


class EdgeModifier(DependencyMixin):
    """Stands between tasks (``a >> Label("x") >> b``) and puts its text on the edges."""

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self._upstream: list[DependencyMixin] = []
        self._downstream: list[DependencyMixin] = []

    @property
    def roots(self) -> list[Any]:
        """What upstream tasks are connected to."""
        return [root for node in self._downstream for root in node.roots]

    @property
    def leaves(self) -> list[Any]:
        """What downstream tasks are connected to."""
        return [leaf for node in self._upstream for leaf in node.leaves]

    def _join(self, ups: list[DependencyMixin], downs: list[DependencyMixin]) -> None:
        for up in ups:
            for down in downs:
                up.set_downstream(down, edge_modifier=self)

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes before this."""
        new = flatten(other)
        self._upstream.extend(new)
        self._join(new, self._downstream)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes after this."""
        new = flatten(other)
        self._downstream.extend(new)
        self._join(self._upstream, new)

    def update_relative(self, other: Any, upstream: bool = True, edge_modifier: EdgeModifier | None = None) -> None:
        """Told when ``other`` was connected on its own side."""
        if upstream:
            self._upstream.append(other)
            self._join([other], self._downstream)
        else:
            self._downstream.append(other)
            self._join(self._upstream, [other])


def Label(label: str) -> EdgeModifier:
    """An edge with a text."""
    return EdgeModifier(label=label)


def chain(*tasks: Any) -> None:
    """Put tasks one after the other; neighbouring lists of the same length are joined pair by pair."""
    for before, after in zip(tasks, tasks[1:]):
        if isinstance(before, DependencyMixin):
            before.set_downstream(after)
        elif isinstance(after, DependencyMixin):
            after.set_upstream(before)
        elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
            if len(before) != len(after):
                from airflow.sdk.exceptions import AirflowException

                raise AirflowException(
                    f"chain joins neighbouring lists pair by pair, but they have {len(before)} and {len(after)} items"
                )
            for left, right in zip(before, after):
                left.set_downstream(right)
        else:
            raise TypeError(f"chain takes tasks, groups, labels and lists of them, not {type(before).__name__}")


def chain_linear(*elements: Any) -> None:
    """Put tasks one after the other; everything in a list goes before everything in the next."""
    previous: list[Any] | None = None
    joined = False
    for element in elements:
        nodes = flatten(element)
        for node in nodes:
            if not isinstance(node, DependencyMixin):
                raise TypeError(f"chain_linear takes tasks, groups and lists of them, not {type(node).__name__}")
        if not nodes:
            continue
        if previous is not None:
            joined = True
            for node in previous:
                node.set_downstream(nodes)
        previous = nodes
    if not joined:
        raise ValueError("chain_linear needs at least two elements, or nothing is put in order")


def cross_downstream(from_tasks: Any, to_tasks: Any) -> None:
    """Every task of the first list goes before every task of the second."""
    for task in from_tasks:
        task.set_downstream(to_tasks)
