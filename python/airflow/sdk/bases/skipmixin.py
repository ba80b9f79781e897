"""Skipping tasks downstream of a running one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airflow.sdk.definitions.edges import flatten
from airflow.sdk.exceptions import AirflowException

# What a branch leaves for those who want to know which way it went.
XCOM_SKIPMIXIN_KEY = "skipmixin_key"
XCOM_SKIPMIXIN_SKIPPED = "skipped"
XCOM_SKIPMIXIN_FOLLOWED = "followed"


class SkipMixin:
    """For operators that decide which tasks after them go."""

    def skip(self, ti: Any, tasks: Iterable[Any]) -> None:
        """Skip tasks when this one ends."""
        skipped = [task.task_id for task in tasks]
        ti.pushed.setdefault(XCOM_SKIPMIXIN_KEY, {XCOM_SKIPMIXIN_SKIPPED: skipped})  # goes with the end of the try
        ti.skip_tasks(skipped)

    def skip_all_except(self, ti: Any, branch_task_ids: str | Iterable[str] | None) -> None:
        """Skip all direct downstream tasks but the given ones and what leads to other chosen ones."""
        chosen = [branch_task_ids] if isinstance(branch_task_ids, str) else list(branch_task_ids or ())
        if not all(isinstance(item, str) for item in chosen):
            raise AirflowException(f"a branch is chosen by task ids, not {branch_task_ids!r}")
        dag = ti.task.dag
        known = set(dag.task_dict)
        unknown = [item for item in chosen if item not in known]
        if unknown:
            names = ", ".join(map(repr, sorted(unknown)))
            raise AirflowException(f"a branch can only go on with tasks of its DAG; {dag.dag_id!r} has no {names}")
        ti.pushed[XCOM_SKIPMIXIN_KEY] = {XCOM_SKIPMIXIN_FOLLOWED: chosen}  # goes with the end of the try
        follow = set(chosen)
        for task_id in chosen:
            follow |= dag.task_dict[task_id].get_flat_relative_ids(upstream=False)
        skipped = [t for t in ti.task.downstream_list if t.task_id not in follow and not t.is_teardown]
        if skipped:
            self.skip(ti, skipped)


def expand_groups(task: Any, ids: str | Sequence[str] | None) -> list[str]:
    """Task ids as the given task means them, with the ids of task groups replaced by their root tasks."""
    from airflow.sdk.definitions.subdag import full_id

    found: list[str] = []
    dag = task.dag
    groups = dag.task_group_dict
    for item in flatten(ids) if ids is not None else ():
        item = full_id(task, item)
        if item in groups and item not in dag.task_dict:
            found.extend(root.task_id for root in groups[item].roots)
        else:
            found.append(item)
    return found
