"""Branching by the time."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.timezone import default_tzinfo


class BranchDateTimeOperator(BaseBranchOperator):
    """Goes one way between two times (of the day, or instants), another way outside of them."""

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        target_lower: datetime.datetime | datetime.time | None,
        target_upper: datetime.datetime | datetime.time | None,
        use_task_logical_date: bool = False,
        use_task_execution_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            raise AirflowException("BranchDateTimeOperator needs target_lower or target_upper")
        self.target_lower = target_lower
        self.target_upper = target_upper
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.use_task_logical_date = use_task_logical_date or use_task_execution_date

    def choose_branch(self, context: Any) -> Any:
        """By now, or by the run's logical date."""
        now = context["logical_date"] if self.use_task_logical_date else datetime.datetime.now(tz=default_tzinfo())
        lower, upper = self._bounds(now)
        if (upper is not None and now > upper) or (lower is not None and now < lower):
            return self.follow_task_ids_if_false
        return self.follow_task_ids_if_true

    def _bounds(self, now: datetime.datetime) -> tuple[datetime.datetime | None, datetime.datetime | None]:
        lower, upper = (self._instant(now, target) for target in (self.target_lower, self.target_upper))
        only_times = all(isinstance(t, datetime.time) for t in (self.target_lower, self.target_upper))
        if lower is not None and upper is not None and only_times and upper < lower:
            upper += datetime.timedelta(days=1)  # the span goes over midnight
        return lower, upper

    @staticmethod
    def _instant(now: datetime.datetime, target: Any) -> datetime.datetime | None:
        if isinstance(target, datetime.datetime):
            return target if target.tzinfo else target.replace(tzinfo=default_tzinfo())
        if isinstance(target, datetime.time):
            return datetime.datetime.combine(now.date(), target, tzinfo=target.tzinfo or now.tzinfo)
        return None
