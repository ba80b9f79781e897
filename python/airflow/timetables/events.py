"""A timetable of given instants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.timetables.base import Timetable


class EventsTimetable(Timetable):
    """Due at each of a list of instants."""

    _native = True

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
        self._given_description = description
        if description is not None:
            self.description = description
        elif dates:
            first, last = self.event_dates[0], self.event_dates[-1]
            self.description = f"{len(dates)} events between {first.isoformat()} and {last.isoformat()}"
        else:
            self.description = "No events"

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return f"{len(self.event_dates)} events" if self._given_description is None else self._given_description

    def serialize(self) -> dict[str, Any]:
        """What :meth:`deserialize` needs, as plain data."""
        return {
            "event_dates": [date.isoformat() for date in self.event_dates],
            "restrict_to_events": self.restrict_to_events,
        }
