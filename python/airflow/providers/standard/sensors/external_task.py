"""Waiting for a task or a run of another DAG."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException


class ExternalTaskSensor(BaseSensorOperator):
    """Waits until tasks of another DAG (or its whole run) of the same or a related logical date are in a state."""

    template_fields: Sequence[str] = ("external_dag_id", "external_task_id", "external_task_ids")
    ui_color = "#4db7db"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        allowed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        failed_states: Iterable[str] | None = None,
        execution_delta: timedelta | None = None,
        execution_date_fn: Callable | None = None,
        check_existence: bool = False,
        poll_interval: float = 2.0,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if external_task_group_id is not None:
            raise AirflowException(
                f"task {self.task_id!r}: external_task_group_id is not supported yet; name the tasks"
            )
        if external_task_id is not None and external_task_ids is not None:
            raise ValueError("Only one of `external_task_id` or `external_task_ids` may be provided")
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError("Only one of `execution_delta` or `execution_date_fn` may be provided")
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.external_task_ids = list(external_task_ids) if external_task_ids is not None else None
        self.allowed_states = [str(state) for state in allowed_states or ("success",)]
        self.skipped_states = [str(state) for state in skipped_states or ()]
        self.failed_states = [str(state) for state in failed_states or ()]
        overlap = set(self.allowed_states) & {*self.skipped_states, *self.failed_states}
        if overlap or set(self.skipped_states) & set(self.failed_states):
            raise AirflowException("allowed_states, skipped_states and failed_states must not overlap")
        self.execution_delta = execution_delta
        self.execution_date_fn = execution_date_fn
        self.check_existence = check_existence

    def _dates(self, context: Any) -> list[datetime]:
        date = context["logical_date"]
        if self.execution_delta is not None:
            return [date - self.execution_delta]
        if self.execution_date_fn is not None:
            from airflow._runtime.arguments import accepted

            rest = {name: value for name, value in accepted(self.execution_date_fn, (date,), context).items()}
            found = self.execution_date_fn(date, **rest)
            return list(found) if isinstance(found, (list, tuple)) else [found]
        return [date]

    def poke(self, context: Any) -> bool:
        """Whether they are in the states."""
        states = [self._states_at(date) for date in self._dates(context)]
        flat = [state for group in states for state in group]
        self.log.info("Poking for %s of DAG %s: %s", self._tasks() or "the run", self.external_dag_id, flat)
        if self.failed_states and any(state in self.failed_states for state in flat):
            if self.soft_fail:
                raise AirflowSkipException(f"The external DAG {self.external_dag_id} failed.")
            raise AirflowException(f"The external DAG {self.external_dag_id} failed.")
        if self.skipped_states and any(state in self.skipped_states for state in flat):
            raise AirflowSkipException(f"The external DAG {self.external_dag_id} reached a state that skips.")
        return all(group and all(state in self.allowed_states for state in group) for group in states)

    def _tasks(self) -> list[str]:
        if self.external_task_id is not None:
            return [self.external_task_id]
        return list(self.external_task_ids or ())

    def _states_at(self, date: datetime) -> list[str | None]:
        """States of the tasks (or of the run) at a logical date; empty if there is no such run."""
        from airflow._runtime import supervisor
        from airflow._serialize.values import instant
        from airflow.sdk.execution_time.task_instance import read_instant

        after = instant(date + timedelta(microseconds=1))
        run = supervisor.call_or_none("previous_run", dag_id=self.external_dag_id, before=after)
        if run is None or read_instant(run.get("logical_date")) != date:
            return []
        tasks = self._tasks()
        if not tasks:
            return [run.get("state")]
        rows = supervisor.call("task_states", dag_id=self.external_dag_id, run_id=run["run_id"], task_ids=tasks)
        missing = set(tasks) - {row["task_id"] for row in rows}
        if missing and self.check_existence:
            raise AirflowException(f"DAG {self.external_dag_id!r} has no task {', '.join(map(repr, sorted(missing)))}")
        return [row.get("state") for row in rows] + [None] * len(missing)


class ExternalTaskMarker(EmptyOperator):
    """Says that a task of another DAG depends on this one."""

    template_fields: Sequence[str] = ("external_dag_id", "external_task_id", "logical_date")
    ui_color = "#4db7db"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        logical_date: str | datetime | None = "{{ logical_date.isoformat() }}",
        execution_date: str | datetime | None = None,
        recursion_depth: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        date = execution_date if execution_date is not None else logical_date
        self.logical_date = date.isoformat() if isinstance(date, datetime) else date
        if recursion_depth <= 0:
            raise ValueError("recursion_depth should be a positive integer")
        self.recursion_depth = recursion_depth
