"""Waiting for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator, default_deferrable, wait_for_instant


def _span(value: Any) -> timedelta:
    """A span; numbers (as templates render them) are minutes."""
    return value if isinstance(value, timedelta) else timedelta(minutes=int(value))


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until ``delta`` after the end of the run's data interval. No slot is held meanwhile."""

    template_fields: Sequence[str] = ("delta",)

    def __init__(
        self,
        *,
        delta: timedelta | int,
        deferrable: bool | None = None,
        end_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.delta = delta
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.end_from_trigger = end_from_trigger

    def _target(self, context: Any) -> datetime:
        run = context["ti"].dag_run
        result: datetime = (run.data_interval_end or run.run_after) + _span(self.delta)
        return result

    def execute(self, context: Any) -> Any:
        """Wait."""
        if self.deferrable or type(self) in (TimeDeltaSensor, TimeDeltaSensorAsync):
            target = self._target(context)
            if self.deferrable and datetime.now(tz=timezone.utc) > target:
                return True  # an XCom that Airflow's makes too
            return wait_for_instant(self, context, target, end=self.end_from_trigger)
        return super().execute(context)

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """It is time."""

    def _ends_natively(self) -> dict[str, Any] | None:
        return {} if type(self) in (TimeDeltaSensor, TimeDeltaSensorAsync) else None

    def poke(self, context: Any) -> bool:
        """Whether it is time."""
        target = self._target(context)
        self.log.info("Checking if the delta has elapsed: %s", target)
        return datetime.now(tz=timezone.utc) > target


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """Like :class:`TimeDeltaSensor`, deferrable."""

    def __init__(self, *, end_from_trigger: bool = False, delta: Any, **kwargs: Any) -> None:
        kwargs["deferrable"] = True
        super().__init__(delta=delta, end_from_trigger=end_from_trigger, **kwargs)


class WaitSensor(BaseSensorOperator):
    """Waits for ``time_to_wait`` from its start. No slot is held meanwhile."""

    template_fields: Sequence[str] = ("time_to_wait",)

    def __init__(self, *, time_to_wait: timedelta | int, deferrable: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.time_to_wait = time_to_wait

    def execute(self, context: Any) -> Any:
        """Wait."""
        target = context["ti"].try_started + _span(self.time_to_wait)
        return wait_for_instant(self, context, target, end=True, limited=False)

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """It is time."""

    def _ends_natively(self) -> dict[str, Any] | None:
        return {} if type(self) is WaitSensor else None
