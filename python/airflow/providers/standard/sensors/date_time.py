"""Waiting for an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator


class DateTimeSensor(BaseSensorOperator):
    """Waits until ``target_time``."""

    template_fields: Sequence[str] = ("target_time",)

    def __init__(self, *, target_time: str | datetime, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_time, (str, datetime)):
            raise TypeError(f"target_time of task {self.task_id!r} must be text or a datetime, not {target_time!r}")
        self.target_time = target_time.isoformat() if isinstance(target_time, datetime) else target_time

    def poke(self, context: Any) -> bool:
        """Whether it is time."""
        from airflow.sdk.timezone import parse

        self.log.info("Checking if the time (%s) has come", self.target_time)
        return datetime.now(tz=timezone.utc) > parse(self.target_time)


class DateTimeSensorAsync(DateTimeSensor):
    """Like :class:`DateTimeSensor`; waits in the worker."""
