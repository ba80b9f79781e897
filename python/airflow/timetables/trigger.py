"""Timetables whose runs are about the instant when they are due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import Timetable
from airflow.timetables.interval import CronMixin, DeltaMixin


class CronTriggerTimetable(CronMixin, Timetable):
    """Due at each match; the run covers ``interval`` before it."""

    _native = True

    def __init__(
        self,
        cron: str,
        *,
        timezone: Any,
        interval: Any = timedelta(),
        run_immediately: bool | timedelta = False,
    ) -> None:
        super().__init__(cron, timezone)
        self._interval = interval
        self.run_immediately = run_immediately


class CronPartitionTimetable(CronTriggerTimetable):
    """Due at each match; the run is about a partition whose key is made of the instant."""

    partitioned = True

    def __init__(
        self,
        cron: str,
        *,
        timezone: Any,
        run_offset: int | None = None,
        run_immediately: bool | timedelta = False,
        key_format: str = "%Y-%m-%dT%H:%M:%S",
    ) -> None:
        super().__init__(cron, timezone=timezone, run_immediately=run_immediately)
        if run_offset is not None and type(run_offset) is not int:
            raise ValueError("Run offset other than integer not supported yet.")
        self._run_offset = run_offset or 0
        self._key_format = key_format


class MultipleCronTriggerTimetable(Timetable):
    """Due at each match of any of several expressions."""

    _native = True

    def __init__(
        self,
        *crons: str,
        timezone: Any,
        interval: Any = timedelta(),
        run_immediately: bool | timedelta = False,
    ) -> None:
        if not crons:
            raise ValueError("MultipleCronTriggerTimetable needs at least one cron expression")
        self._timetables = [
            CronTriggerTimetable(cron, timezone=timezone, interval=interval, run_immediately=run_immediately)
            for cron in crons
        ]

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return ", ".join(timetable.summary for timetable in self._timetables)

    def validate(self) -> None:
        """Refuse what can never fire; an ``AirflowTimetableInvalid`` says why."""
        for timetable in self._timetables:
            timetable.validate()

    def serialize(self) -> dict[str, Any]:
        """What :meth:`deserialize` needs, as plain data."""
        return {"expressions": [t.summary for t in self._timetables], "timezone": self._timetables[0].timezone_name}


class DeltaTriggerTimetable(DeltaMixin, Timetable):
    """Due after each span; the run covers ``interval`` before it."""

    _native = True

    def __init__(self, delta: Any, *, interval: Any = timedelta()) -> None:
        super().__init__(delta)
        self._interval = interval


def check_run_immediately(value: Any) -> None:
    """Raise unless it is True, False or a span."""
    if not isinstance(value, (bool, timedelta)):
        raise AirflowTimetableInvalid(f"run_immediately must be True, False or a timedelta, not {value!r}")
