"""What a timetable is."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple


class DataInterval(NamedTuple):
    """The span of data that a run covers."""

    start: datetime
    end: datetime

    @classmethod
    def exact(cls, at: datetime) -> DataInterval:
        """A span of no length."""
        return cls(start=at, end=at)


class TimeRestriction(NamedTuple):
    """The bounds of a DAG's schedule."""

    earliest: datetime | None
    latest: datetime | None
    catchup: bool


class DagRunInfo(NamedTuple):
    """A run that a timetable asks for."""

    run_after: datetime
    data_interval: DataInterval

    @classmethod
    def exact(cls, at: datetime) -> DagRunInfo:
        """A run at an instant that covers no span."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))

    @classmethod
    def interval(cls, start: datetime, end: datetime) -> DagRunInfo:
        """A run at the end of the span that it covers."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @property
    def logical_date(self) -> datetime:
        """The instant that names the run."""
        return self.data_interval.start


class Timetable:
    """When runs are due. Authors subclass it; ours are turned into data that the scheduler computes with."""

    # Airflow's own classes are computed by the engine.
    _native = False

    description: str = ""
    periodic: bool = True
    can_be_scheduled: bool = True
    run_ordering: Any = ("data_interval_end", "logical_date")
    active_runs_limit: int | None = None
    asset_condition: Any = None

    @property
    def summary(self) -> str:
        """A few words for people."""
        return type(self).__name__

    @property
    def type_name(self) -> str:
        """Import path of the class."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    def validate(self) -> None:
        """Raise ``AirflowTimetableInvalid`` if it makes no sense."""

    def serialize(self) -> dict[str, Any]:
        """Arguments from which :meth:`deserialize` makes an equal timetable."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """The reverse of :meth:`serialize`."""
        return cls()

    @property
    def can_run(self) -> bool:
        """Former name of :attr:`can_be_scheduled`."""
        return self.can_be_scheduled

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """The span of a run that somebody starts by hand."""
        if self._native:
            from airflow.timetables._native import manual_interval

            return manual_interval(self, run_after)
        raise NotImplementedError(f"{self.type_name} does not say what a manual run covers")

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next run, if there is one."""
        if self._native:
            from airflow.timetables._native import next_run

            return next_run(self, last_automated_data_interval, restriction)
        raise NotImplementedError(f"{self.type_name} does not say which run comes next")

    def generate_run_id(self, *, run_type: Any, run_after: datetime, data_interval: Any = None, **extra: Any) -> str:
        """The id of a run."""
        return f"{getattr(run_type, 'value', run_type)}__{run_after.isoformat()}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.summary}>"
