"""``ti.xcom_pull``: whose value is meant, and what it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow._runtime import supervisor
from airflow._runtime.wire import CallError
from airflow._runtime.xcom_backend import from_store
from airflow.sdk.definitions._internal.expandinput import mapped_groups
from airflow.sdk.definitions._internal.types import NOTSET

if TYPE_CHECKING:
    from airflow.sdk.execution_time.task_instance import RuntimeTaskInstance


class XComPull:
    """One ``xcom_pull``."""

    def __init__(self, ti: RuntimeTaskInstance, dag_id: str | None, key: str, prior: bool, run_id: str | None) -> None:
        self.ti = ti
        self.dag_id = dag_id if dag_id != ti.dag_id else None
        self.key = key
        self.prior = prior
        self.run_id = run_id

    def names(self, task_ids: str | Iterable[str]) -> str | list[str]:
        """The ids that the tasks have: those of sub-DAGs are tasks of the outer DAG."""
        if not isinstance(task_ids, str):
            return [found if isinstance(found := self.names(task_id), str) else task_id for task_id in task_ids]
        task = self.ti.task
        if self.dag_id is None:
            if task_ids in task.dag.task_dict:
                return task_ids
            from airflow.sdk.definitions.subdag import full_id

            return full_id(task, task_ids)
        from airflow.sdk.definitions.subdag import within

        own = within(task, self.dag_id, task_ids)
        if own is None:
            return task_ids
        self.dag_id = None
        return own

    def is_mapped(self, task_id: str) -> bool:
        """Whether the task is a mapped one of this DAG."""
        if self.dag_id is not None:
            return False
        task = self.ti.task.dag.task_dict.get(task_id)
        return task is not None and (task.is_mapped or bool(mapped_groups(task)))

    def one(self, task_id: str, map_index: int | None) -> Any:
        """A task's value, or ``NOTSET``; all values of a mapped task as a list."""
        if map_index is None and self.is_mapped(task_id) and not self.prior:
            values = self._all(task_id)
            return values if values else NOTSET
        try:
            value = supervisor.call(
                "xcom_get",
                key=self.key,
                task_id=task_id,
                dag_id=self.dag_id,
                run_id=self.run_id,
                map_index=map_index,
                include_prior_dates=self.prior or None,
            )
        except CallError as error:
            if error.code != "not_found":
                raise
            if map_index is None and self.dag_id is not None and not self.prior:
                values = self._all(task_id)
                return values if values else NOTSET
            return NOTSET
        return from_store(value, self.key)

    def _all(self, task_id: str) -> list[Any]:
        values = supervisor.call("xcom_get_all", key=self.key, task_id=task_id, dag_id=self.dag_id, run_id=self.run_id)
        return [from_store(value, self.key) for value in values]

    def own_or_upstream(self, map_indexes: Any) -> Any:
        """The calling task's own value; else, as in Airflow 1 and 2, the one of the nearest task before it."""
        index = map_indexes if isinstance(map_indexes, int) else (self.ti.map_index if self.ti.map_index >= 0 else None)
        dag = self.ti.task.dag
        if self.dag_id is None:
            found = self._own(index)
            if found is not NOTSET:
                return found
            upstream = self.ti.task.get_flat_relative_ids(upstream=True)
            for task in reversed(dag.topological_sort()):
                if task.task_id in upstream:
                    found = self.one(task.task_id, None)
                    if found is not NOTSET:
                        return found
        return NOTSET

    def _own(self, index: int | None) -> Any:
        try:
            value = supervisor.call(
                "xcom_get",
                key=self.key,
                task_id=self.ti.task_id,
                run_id=self.run_id,
                map_index=index,
                include_prior_dates=self.prior or None,
            )
        except CallError as error:
            if error.code == "not_found":
                return NOTSET
            raise
        return from_store(value, self.key)
