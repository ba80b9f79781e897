"""Waiting for a while."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until ``delta`` after the end of the run's data interval."""

    def __init__(self, *, delta: timedelta | float, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delta = delta if isinstance(delta, timedelta) else timedelta(seconds=delta)

    def poke(self, context: Any) -> bool:
        """Whether it is time."""
        run = context["ti"].dag_run
        target = (run.data_interval_end or run.run_after) + self.delta
        self.log.info("Checking if the delta has elapsed: %s", target)
        return datetime.now(tz=timezone.utc) > target


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """Like :class:`TimeDeltaSensor`; waits in the worker."""


class WaitSensor(BaseSensorOperator):
    """Waits for ``time_to_wait`` from its start."""

    def __init__(self, *, time_to_wait: timedelta | float, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.time_to_wait = time_to_wait if isinstance(time_to_wait, timedelta) else timedelta(minutes=time_to_wait)

    def execute(self, context: Any) -> None:
        """Sleep."""
        import time

        time.sleep(self.time_to_wait.total_seconds())
