"""Waiting for a day of the week."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.providers.standard.utils.weekday import WeekDay
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.timezone import default_tzinfo


class DayOfWeekSensor(BaseSensorOperator):
    """Waits until today (or the run's logical date) is one of some days of the week."""

    def __init__(
        self,
        *,
        week_day: str | Iterable[str] | WeekDay | Iterable[WeekDay],
        use_task_logical_date: bool = False,
        use_task_execution_day: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def poke(self, context: Any) -> bool:
        """Whether it is the day."""
        now = context["logical_date"] if self.use_task_logical_date else datetime.now(tz=default_tzinfo())
        self.log.info("Poking until weekday is in %s, today is %s", self.week_day, WeekDay(now.isoweekday()).name)
        return now.isoweekday() in self._week_day_num
