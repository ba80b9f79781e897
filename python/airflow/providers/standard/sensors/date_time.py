"""Waiting for an instant."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator, wait_for_instant
from airflow.triggers.base import StartTriggerArgs


class DateTimeSensor(BaseSensorOperator):
    """Waits until ``target_time``. No slot is held meanwhile, whatever the mode."""

    template_fields: Sequence[str] = ("target_time",)

    def __init__(self, *, target_time: str | datetime, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_time, (str, datetime)) and not getattr(target_time, "is_reference", False):
            raise TypeError(f"target_time of task {self.task_id!r} must be text or a datetime, not {target_time!r}")
        self.target_time = target_time.isoformat() if isinstance(target_time, datetime) else target_time

    @property
    def _moment(self) -> datetime:
        from airflow.sdk.timezone import parse

        target = self.target_time
        return parse(target.isoformat() if isinstance(target, datetime) else target)

    def execute(self, context: Any) -> Any:
        """Wait."""
        if type(self) is DateTimeSensor:
            return wait_for_instant(self, context, self._moment)
        return super().execute(context)

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """It is time."""

    def _ends_natively(self) -> dict[str, Any] | None:
        return {} if type(self) in (DateTimeSensor, DateTimeSensorAsync) else None

    def poke(self, context: Any) -> bool:
        """Whether it is time."""
        self.log.info("Checking if the time (%s) has come", self.target_time)
        return datetime.now(tz=timezone.utc) > self._moment


class DateTimeSensorAsync(DateTimeSensor):
    """Like :class:`DateTimeSensor`, and can start as a trigger."""

    start_trigger_args = StartTriggerArgs(
        trigger_cls="airflow.providers.standard.triggers.temporal.DateTimeTrigger",
        trigger_kwargs={"moment": "", "end_from_trigger": False},
        next_method="execute_complete",
    )
    start_from_trigger = False

    def __init__(
        self,
        *,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.end_from_trigger = end_from_trigger
        self.start_from_trigger = start_from_trigger
        if start_from_trigger:
            arguments = {"target_time": self.target_time, "end_from_trigger": end_from_trigger}
            self.start_trigger_args = dataclasses.replace(self.start_trigger_args, trigger_kwargs=arguments)

    def execute(self, context: Any) -> Any:
        """Wait."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        trigger = DateTimeTrigger(moment=self._moment, end_from_trigger=self.end_from_trigger)
        self.defer(trigger=trigger, method_name="execute_complete")
