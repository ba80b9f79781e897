"""Waiting for a time of the day."""

from __future__ import annotations

from datetime import datetime, time, timezone
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator


class TimeSensor(BaseSensorOperator):
    """Waits until ``target_time`` of the present day, in the DAG's time zone."""

    def __init__(self, *, target_time: time, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_time = target_time

    def poke(self, context: Any) -> bool:
        """Whether it is time."""
        now = datetime.now(tz=self.target_time.tzinfo or self.dag._tzinfo)
        target = datetime.combine(now.date(), self.target_time, tzinfo=now.tzinfo)
        self.log.info("Checking if the time (%s) has come", target)
        return datetime.now(tz=timezone.utc) > target


class TimeSensorAsync(TimeSensor):
    """Like :class:`TimeSensor`; waits in the worker."""
