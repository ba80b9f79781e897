"""A timetable of given instants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.timetables.base import Timetable


class EventsTimetable(Timetable):
    """Due at each of a list of instants."""

    def __init__(
        self,
        event_dates: Iterable[datetime],
        restrict_to_events: bool = False,
        presorted: bool = False,
        description: str | None = None,
    ) -> None:
        from airflow.sdk.timezone import default_tzinfo

        dates = [date if date.tzinfo else date.replace(tzinfo=default_tzinfo()) for date in event_dates]
        self.event_dates = dates if presorted else sorted(dates)
        self.restrict_to_events = restrict_to_events
        self.description = description or f"{len(dates)} events"

    @property
    def summary(self) -> str:
        return self.description

    def serialize(self) -> dict[str, Any]:
        return {
            "event_dates": [date.isoformat() for date in self.event_dates],
            "restrict_to_events": self.restrict_to_events,
        }
