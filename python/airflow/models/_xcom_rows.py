"""``XCom.get_many``: several values at once, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class XComRow:
    """A value that a task pushed, and where."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    key: str
    value: Any


class XComRows(list[XComRow]):
    """Rows; what a query of Airflow offers of its answer."""

    def all(self) -> list[XComRow]:
        """All of them."""
        return list(self)

    def first(self) -> XComRow | None:
        """The first, or None."""
        return self[0] if self else None

    def count(self, *args: Any) -> int:
        """How many there are (of a value, if one is given)."""
        return super().count(*args) if args else len(self)


def find_rows(
    backend: Any, key: str, task_ids: Any, dag_ids: Any, run_id: str | None, map_indexes: Any, prior: bool
) -> XComRows:
    """Rows of a run, in the order of the tasks that are named; of all tasks of the run if none are."""
    from airflow._runtime import supervisor
    from airflow.sdk.definitions.context import get_current_context

    ti = get_current_context()["ti"]
    run_id = run_id or ti.run_id
    rows = XComRows()
    for dag_id in _listed(dag_ids) or [ti.dag_id]:
        states = supervisor.call("task_states", dag_id=dag_id, run_id=run_id, task_ids=_listed(task_ids))
        wanted = _listed(task_ids) or list(dict.fromkeys(state["task_id"] for state in states))
        for task_id in wanted:
            indexes = sorted({state["map_index"] for state in states if state["task_id"] == task_id})
            for index in _listed(map_indexes) or indexes or [-1]:
                value = backend.get_one(
                    key=key,
                    task_id=task_id,
                    dag_id=dag_id,
                    run_id=run_id,
                    map_index=index,
                    include_prior_dates=prior,
                )
                if value is not None:
                    rows.append(XComRow(dag_id, task_id, run_id, index, key, value))
    return rows


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, (str, int)) else list(value)
