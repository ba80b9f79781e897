"""Branching by the day of the week."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.providers.standard.utils.weekday import WeekDay
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.timezone import default_tzinfo


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Goes one way on some days of the week, another way on the others."""

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        week_day: str | Iterable[str] | WeekDay | Iterable[WeekDay],
        use_task_logical_date: bool = False,
        use_task_execution_day: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context: Any) -> Any:
        """By today, or by the run's logical date."""
        now = context["logical_date"] if self.use_task_logical_date else datetime.now(tz=default_tzinfo())
        if now.isoweekday() in self._week_day_num:
            return self.follow_task_ids_if_true
        return self.follow_task_ids_if_false
