"""Waiting for an instant. Where there is a scheduler it waits there, without Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent


class DateTimeTrigger(BaseTrigger):
    """Fires at ``moment``, or at ``target_time``, which may be text."""

    def __init__(
        self,
        moment: datetime | None = None,
        *,
        target_time: datetime | str | None = None,
        end_from_trigger: bool = False,
    ) -> None:
        super().__init__()
        if (moment is None) == (target_time is None):
            raise TypeError("DateTimeTrigger requires exactly one of 'moment' or 'target_time'")
        if moment is not None:
            if not isinstance(moment, datetime):
                raise TypeError(f"Expected datetime.datetime type for moment. Got {type(moment)}")
            if moment.tzinfo is None:
                raise ValueError("You cannot pass naive datetimes")
        self.target_time = target_time
        self._moment = moment
        self.end_from_trigger = end_from_trigger

    @property
    def moment(self) -> datetime:
        """When it fires."""
        if self._moment is None:
            from airflow.sdk.timezone import parse

            text = self.target_time.isoformat() if isinstance(self.target_time, datetime) else self.target_time
            if not isinstance(text, str) or not text:
                raise TypeError("DateTimeTrigger has neither a 'moment' nor a usable 'target_time'")
            self._moment = parse(text)
        return self._moment.astimezone(timezone.utc)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The instant."""
        when = {"target_time": self.target_time} if self._moment is None else {"moment": self.moment}
        path = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
        return path, {**when, "end_from_trigger": self.end_from_trigger}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep; in parts, because clocks are set."""
        while (left := (self.moment - datetime.now(tz=timezone.utc)).total_seconds()) > 0:
            await asyncio.sleep(min(left, 60))
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(self.moment)


class TimeDeltaTrigger(DateTimeTrigger):
    """Fires after ``delta`` from now; becomes a :class:`DateTimeTrigger`."""

    def __init__(self, delta: timedelta, *, end_from_trigger: bool = False) -> None:
        super().__init__(moment=datetime.now(tz=timezone.utc) + delta, end_from_trigger=end_from_trigger)
