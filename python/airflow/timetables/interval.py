"""Timetables whose runs cover the span since the one before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowTimetableInvalid
from airflow.timetables._cron import PRESETS, check_cron
from airflow.timetables.base import Timetable


def check_delta(delta: Any) -> None:
    """Raise unless the span goes forward."""
    from datetime import datetime

    start = datetime(2000, 1, 31)
    if start + delta <= start:
        raise AirflowTimetableInvalid(f"the schedule's span must be positive, not {delta!r}")


class CronMixin:
    """A cron expression in a zone."""

    def __init__(self, cron: str, timezone: Any = "UTC", **kwargs: Any) -> None:
        self._expression = PRESETS.get(cron, cron)
        self._timezone = timezone
        self.description = ""

    @property
    def timezone_name(self) -> str:
        """IANA name or offset of the zone."""
        from airflow.sdk.timezone import timezone_name

        return self._timezone if isinstance(self._timezone, str) else timezone_name(self._timezone)

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return self._expression

    def validate(self) -> None:
        """Refuse what can never fire; an ``AirflowTimetableInvalid`` says why."""
        check_cron(self._expression)

    def serialize(self) -> dict[str, Any]:
        """What :meth:`deserialize` needs, as plain data."""
        return {"expression": self._expression, "timezone": self.timezone_name}


class DeltaMixin:
    """A fixed span."""

    def __init__(self, delta: Any) -> None:
        self._delta = delta

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return str(self._delta)

    def validate(self) -> None:
        """Refuse what can never fire; an ``AirflowTimetableInvalid`` says why."""
        check_delta(self._delta)

    def serialize(self) -> dict[str, Any]:
        """What :meth:`deserialize` needs, as plain data."""
        delta = self._delta
        return {"delta": delta.total_seconds() if isinstance(delta, timedelta) else str(delta)}


class CronDataIntervalTimetable(CronMixin, Timetable):
    """Due at each match; the run covers the span since the match before."""

    _native = True


class DeltaDataIntervalTimetable(DeltaMixin, Timetable):
    """Due after each span; the run covers it."""

    _native = True
