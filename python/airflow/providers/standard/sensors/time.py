"""Waiting for a time of the day."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time, timezone
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator, default_deferrable, wait_for_instant
from airflow.triggers.base import StartTriggerArgs


class TimeSensor(BaseSensorOperator):
    """Waits until ``target_time`` of the present day, in the DAG's time zone. No slot is held meanwhile."""

    start_trigger_args = StartTriggerArgs(
        trigger_cls="airflow.providers.standard.triggers.temporal.DateTimeTrigger",
        trigger_kwargs={"moment": "", "end_from_trigger": False},
        next_method="execute_complete",
    )
    start_from_trigger = False

    def __init__(
        self,
        *,
        target_time: time,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target_time = target_time
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.start_from_trigger = start_from_trigger
        self.end_from_trigger = end_from_trigger
        if start_from_trigger:
            arguments = {"moment": self.target_datetime, "end_from_trigger": end_from_trigger}
            self.start_trigger_args = dataclasses.replace(self.start_trigger_args, trigger_kwargs=arguments)

    @property
    def target_datetime(self) -> datetime:
        """The instant, today."""
        now = datetime.now(tz=self.target_time.tzinfo or self.dag._tzinfo)
        return datetime.combine(now.date(), self.target_time, tzinfo=now.tzinfo).astimezone(timezone.utc)

    def execute(self, context: Any) -> Any:
        """Wait."""
        if self.deferrable or type(self) in (TimeSensor, TimeSensorAsync):
            return wait_for_instant(
                self, context, self.target_datetime, end=self.end_from_trigger, limited=not self.deferrable
            )
        return super().execute(context)

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """It is time."""

    def _ends_natively(self) -> dict[str, Any] | None:
        return {} if type(self) in (TimeSensor, TimeSensorAsync) else None

    def poke(self, context: Any) -> bool:
        """Whether it is time."""
        self.log.info("Checking if the time (%s) has come", self.target_datetime)
        return datetime.now(tz=timezone.utc) > self.target_datetime


class TimeSensorAsync(TimeSensor):
    """Like :class:`TimeSensor`, deferrable."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})
