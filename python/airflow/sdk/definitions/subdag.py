"""``SubDagOperator`` of Airflow 1 and 2: the inner DAG's tasks become a task group of the outer DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.contextmanager import DagContext
from airflow.sdk.definitions._internal.old_names import warn_author
from airflow.sdk.definitions.taskgroup import TaskGroup
from airflow.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG


class SkippedStatePropagationOptions:
    """Values of ``propagate_skipped_state``; trigger rules decide instead."""

    ALL_LEAVES = "all_leaves"
    ANY_LEAF = "any_leaf"


class SubDagOperator(TaskGroup):
    """A task group with the tasks of another DAG; their ids get the prefix ``<task_id>.``"""

    def __init__(
        self,
        *,
        task_id: str,
        subdag: DAG,
        dag: DAG | None = None,
        task_group: TaskGroup | None = None,
        trigger_rule: Any = None,
        conf: dict[str, Any] | None = None,
        session: Any = None,
        executor: Any = None,
        propagate_skipped_state: Any = None,
        default_args: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        dag = dag or (task_group.dag if task_group is not None else None) or DagContext.get_current()
        if dag is None:
            raise AirflowException(
                f"SubDagOperator {task_id!r} needs a DAG: make it inside 'with DAG(...)' or pass dag="
            )
        expected = f"{dag.dag_id}.{task_id}"
        if subdag.dag_id != expected:
            raise AirflowException(
                f"the subdag of SubDagOperator {task_id!r} must have the dag_id {expected!r}, not {subdag.dag_id!r}"
            )
        if conf:
            raise AirflowException(
                f"SubDagOperator {task_id!r}: the tasks of a subdag see the outer run's conf; conf= is not supported"
            )
        super().__init__(group_id=task_id, dag=dag, parent_group=task_group or None, tooltip=subdag.description or "")
        self.subdag = subdag
        lost = sorted(name for name, value in kwargs.items() if value is not None)
        if propagate_skipped_state is not None:
            lost.append("propagate_skipped_state")
        hint = f"; without effect: {', '.join(lost)}" if lost else ""
        warn_author(f"SubDagOperator {task_id!r} is of an older Airflow; its DAG has become a task group{hint}")
        _Move(self, subdag, dag).run()
        if trigger_rule is not None:
            for root in self.get_roots():
                root.trigger_rule = type(root.trigger_rule)(trigger_rule)

    @property
    def task_id(self) -> str | None:
        """The group's id."""
        return self.group_id

    def __repr__(self) -> str:
        return f"<SubDagOperator: {self.group_id}>"


class _Move:
    """Takes everything out of one DAG and puts it into a group of another."""

    def __init__(self, group: SubDagOperator, subdag: DAG, dag: DAG) -> None:
        self.group, self.subdag, self.dag = group, subdag, dag

    def run(self) -> None:
        tasks = list(self.subdag.tasks)
        params = {name: param for name, param in self.subdag.params.items_raw()}
        self._move_groups(self.group, list(self.subdag.task_group.children.values()))
        new_ids = {task.task_id: self._new_id(task.task_id) for task in tasks}
        for task in tasks:
            self._move_task(task, new_ids, params)
        for up, downs in self.subdag.edge_info.items():
            for down, info in downs.items():
                self.dag.set_edge_info(new_ids.get(up, up), new_ids.get(down, down), info)
        for name in ("user_defined_macros", "user_defined_filters"):
            own = getattr(self.subdag, name)
            if own:
                setattr(self.dag, name, {**own, **(getattr(self.dag, name) or {})})
        for path in self.subdag.template_searchpath:
            if path not in self.dag.template_searchpath:
                self.dag.template_searchpath = [*self.dag.template_searchpath, path]
        self.subdag.task_dict.clear()
        self.subdag.__dict__["absorbed_by"] = self.dag

    def _new_id(self, old: str) -> str:
        return f"{self.group.group_id}.{old}"

    def _move_task(self, task: Any, new_ids: dict[str, str], params: dict[str, Any]) -> None:
        state = task.__dict__
        old = task.task_id
        state["task_id"] = new_ids[old]
        state["upstream_task_ids"] = {new_ids.get(other, other) for other in task.upstream_task_ids}
        state["downstream_task_ids"] = {new_ids.get(other, other) for other in task.downstream_task_ids}
        state["_own_params"] = {**params, **state.get("_own_params", {})}
        state.pop("_params", None)
        state["_dag"] = None
        group = task.task_group if task.task_group is not self.subdag.task_group else self.group
        for key, child in list(group.children.items()):
            if child is task:
                del group.children[key]
        state["task_group"] = group
        group.children[task.task_id] = task
        task.dag = self.dag

    def _move_groups(self, into: TaskGroup, children: list[Any]) -> None:
        """Groups get their new place first: the ids of what is in them follow from it."""
        for child in children:
            if not isinstance(child, TaskGroup):
                continue
            old = child.group_id
            within = list(child.children.values())
            if into is self.group:
                child.parent_group = into
                into.children[self._new_id(old or "")] = child
            for group_of in (child.upstream_group_ids, child.downstream_group_ids):
                renamed = {self._new_id(other) if other else other for other in group_of}
                group_of.clear()
                group_of.update(renamed)
            for task_ids in (child.upstream_task_ids, child.downstream_task_ids):
                renamed_ids = {self._new_id(other) for other in task_ids}
                task_ids.clear()
                task_ids.update(renamed_ids)
            child.dag = self.dag
            child.used_group_ids = into.used_group_ids
            self._move_groups(child, within)
            for inner in within:
                if isinstance(inner, TaskGroup):
                    for key in [key for key, value in child.children.items() if value is inner]:
                        del child.children[key]
                    child.children[inner.group_id or ""] = inner
            into.used_group_ids.add(child.group_id)


def full_id(task: Any, task_id: str) -> str:
    """The id that a task of a sub-DAG means by the id of another: tasks of its own sub-DAG first."""
    dag = task.dag
    group = task.task_group
    while group is not None:
        if isinstance(group, SubDagOperator):
            full = f"{group.group_id}.{task_id}"
            if full in dag.task_dict or full in dag.task_group_dict:
                return full
        group = group.parent_group
    return task_id


def within(task: Any, dag_id: str, task_id: str) -> str | None:
    """The task's id in the calling task's own DAG, if the DAG id is the one of a sub-DAG there."""
    own = task.dag.dag_id
    if not dag_id.startswith(f"{own}."):
        return None
    full = f"{dag_id[len(own) + 1 :]}.{task_id}"
    return full if full in task.dag.task_dict else None
