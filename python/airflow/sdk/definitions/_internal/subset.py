"""A copy of a DAG that has only some of its tasks: ``DAG.partial_subset``."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG


def subset(
    dag: DAG,
    wanted: str | re.Pattern[str] | Iterable[str],
    include_downstream: bool,
    include_upstream: bool,
    include_direct_upstream: bool,
) -> DAG:
    """
    The copy. ``wanted`` is a regular expression that is looked for in task ids, or a list of ids; the other arguments
    add what comes after, all that comes before, or only what comes directly before.
    """
    if isinstance(wanted, (str, re.Pattern)):
        matching = [task for task in dag.tasks if re.search(wanted, task.task_id)]
    else:
        ids = set(wanted)
        matching = [task for task in dag.tasks if task.task_id in ids]
    chosen = {task.task_id for task in matching}
    for task in matching:
        if include_downstream:
            chosen |= task.get_flat_relative_ids(upstream=False)
        if include_upstream:
            chosen |= task.get_flat_relative_ids(upstream=True)
        elif include_direct_upstream:
            chosen |= task.upstream_task_ids
    copied = copy.copy(dag)
    copied.task_dict = {}
    copied.task_group = _group(dag.task_group, None, chosen, copied)
    copied.edge_info = {
        up: kept
        for up, downs in dag.edge_info.items()
        if up in chosen and (kept := {down: info for down, info in downs.items() if down in chosen})
    }
    return copied


def _group(group: Any, parent: Any, chosen: set[str], dag: DAG) -> Any:
    """The group with those of its children that have a chosen task in them."""
    copied = copy.copy(group)
    copied.__dict__.update(parent_group=parent, dag=dag, children={})
    for name, child in group.children.items():
        if not hasattr(child, "children"):
            if child.task_id in chosen:
                copied.children[name] = dag.task_dict[child.task_id] = _task(child, copied, chosen, dag)
            continue
        inner = _group(child, copied, chosen, dag)
        if inner.children:
            copied.children[name] = inner
    return copied


def _task(task: Any, group: Any, chosen: set[str], dag: DAG) -> Any:
    copied = copy.copy(task)
    copied.__dict__.update(
        _dag=dag,
        task_group=group,
        upstream_task_ids=task.upstream_task_ids & chosen,
        downstream_task_ids=task.downstream_task_ids & chosen,
    )
    return copied
