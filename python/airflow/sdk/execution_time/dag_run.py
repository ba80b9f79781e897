"""The run that a task belongs to, and the states of its other tasks."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow._runtime import supervisor
from airflow.models._lookups import DagRunLookups, DagRunMeta
from airflow.sdk.timezone import coerce_datetime


def read_instant(text: str | None) -> Any:
    """RFC 3339 as a pendulum ``DateTime``."""
    if text is None:
        return None
    if text.endswith("Z"):
        text = text[:-1] + "+00:00"
    if "." in text:  # Python before 3.11 wants exactly three or six digits
        head, _, tail = text.partition(".")
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    return coerce_datetime(datetime.fromisoformat(text).astimezone(timezone.utc))


class DagRun(DagRunLookups, metaclass=DagRunMeta):
    """A run of a DAG, as a running task sees it."""

    def __init__(self, dag_id: str, data: dict[str, Any]) -> None:
        self.dag_id = dag_id
        self._data = data
        self.run_id: str = data["run_id"]
        self.run_type: str = data.get("run_type") or "manual"
        self.conf: dict[str, Any] = data.get("conf") or {}
        self.state: str = data.get("state") or "running"
        self.clear_number: int = data.get("clear_number") or 0
        self.triggering_user_name: str | None = data.get("triggering_user")
        self.note: str | None = data.get("note")
        self.partition_key: str | None = data.get("partition_key")

    def __getattr__(self, name: str) -> Any:
        if name in _RUN_INSTANTS:
            value = read_instant(self.__dict__["_data"].get(name))
            self.__dict__[name] = value
            return value
        raise AttributeError(f"a DAG run has no attribute {name!r} in a running task")

    @property
    def consumed_asset_events(self) -> list[Any]:
        """Events of assets that the run consumed."""
        from airflow._runtime.asset_events import TriggeringAssetEvents

        found = TriggeringAssetEvents.of_run(self)
        return list({event.id: event for events in found.values() for event in events}.values())

    @property
    def has_logical_date(self) -> bool:
        """Whether the run is about an instant."""
        return self._data.get("logical_date") is not None

    @property
    def execution_date(self) -> Any:
        """Older name of ``logical_date``."""
        return self.logical_date

    @property
    def external_trigger(self) -> bool:
        """Whether somebody started it by hand."""
        return self.run_type == "manual"

    @property
    def is_backfill(self) -> bool:
        """Whether it is part of a backfill."""
        return self.run_type == "backfill"

    @property
    def data_interval(self) -> Any:
        """The span of data that it covers."""
        from airflow.timetables.base import DataInterval

        return DataInterval(self.data_interval_start, self.data_interval_end)

    def get_state(self) -> str:
        """The state."""
        return self.state

    def get_task_instances(self, state: Any = None, **kwargs: Any) -> list[TaskStateInfo]:
        """The run's task instances: ids, states and dates."""
        rows = supervisor.call("task_states", dag_id=self.dag_id, run_id=self.run_id, task_ids=[])
        wanted = None if state is None else {str(s) for s in ([state] if isinstance(state, str) else state)}
        return [TaskStateInfo(self, row) for row in rows if wanted is None or row.get("state") in wanted]

    def get_task_instance(self, task_id: str, *, map_index: int = -1, **kwargs: Any) -> TaskStateInfo | None:
        """One task instance of the run."""
        rows = supervisor.call("task_states", dag_id=self.dag_id, run_id=self.run_id, task_ids=[task_id])
        return next((TaskStateInfo(self, row) for row in rows if row.get("map_index", -1) == map_index), None)

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} @ {self.run_id}>"


_RUN_INSTANTS = frozenset(
    {
        "data_interval_end",
        "data_interval_start",
        "end_date",
        "logical_date",
        "partition_date",
        "queued_at",
        "run_after",
        "start_date",
    }
)


class TaskStateInfo:
    """State and dates of a task instance."""

    def __init__(self, dag_run: DagRun, row: dict[str, Any]) -> None:
        self.dag_run = dag_run
        self.dag_id, self.run_id = dag_run.dag_id, dag_run.run_id
        self.task_id: str = row["task_id"]
        self.map_index: int = row.get("map_index", -1)
        self.state: str | None = row.get("state")
        self.try_number: int = row.get("try_number") or 0
        self.start_date = read_instant(row.get("start_date"))
        self.end_date = read_instant(row.get("end_date"))

    @property
    def logical_date(self) -> Any:
        """The run's logical date."""
        return self.dag_run.logical_date

    execution_date = logical_date

    def current_state(self) -> str | None:
        """The state."""
        return self.state

    def __repr__(self) -> str:
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"
