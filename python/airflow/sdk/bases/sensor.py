"""Sensors: tasks that wait until something is so."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowPokeFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
)


class PokeReturnValue:
    """What a poke found: whether the waiting is over, and a value for other tasks."""

    def __init__(self, is_done: bool, xcom_value: Any = None) -> None:
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensorOperator(BaseOperator, SkipMixin):
    """Calls ``poke`` every ``poke_interval`` until it returns something true or ``timeout`` has passed."""

    ui_color = "#e6f1f2"
    valid_modes = ("poke", "reschedule")

    def __init__(
        self,
        *,
        poke_interval: timedelta | float = 60,
        timeout: timedelta | float | None = None,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: timedelta | float | None = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval, "poke_interval")
        if timeout is None:
            from airflow.configuration import conf

            timeout = conf.getfloat("sensors", "default_timeout", fallback=604800.0)
        self.timeout = _seconds(timeout, "timeout")
        self.soft_fail = soft_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.max_wait = _seconds(max_wait, "max_wait") if max_wait is not None else None
        self.silent_fail = silent_fail
        self.never_fail = never_fail
        if soft_fail and never_fail:
            raise ValueError(f"sensor {self.task_id!r} can be soft_fail or never_fail, not both")
        if mode not in self.valid_modes:
            raise AirflowException(f"mode of sensor {self.task_id!r} is {mode!r}; it must be one of {self.valid_modes}")

    @property
    def reschedule(self) -> bool:
        """Whether the slot is freed between pokes."""
        return self.mode == "reschedule"

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Whether the waiting is over."""
        raise NotImplementedError(f"{type(self).__name__} has no poke method")

    def execute(self, context: Any) -> Any:
        """Poke until it is over."""
        ti = context["ti"]
        if self.reschedule:
            started = ti.first_start
            number = ti.task_reschedule_count + 1
        else:
            started = datetime.now(tz=timezone.utc)
            number = 1
        begun = time.monotonic()
        already = (datetime.now(tz=timezone.utc) - started).total_seconds() if self.reschedule else 0.0

        def waited() -> float:
            return already + time.monotonic() - begun

        while True:
            try:
                found = self.poke(context)
            except (AirflowSensorTimeout, AirflowTaskTimeout, AirflowFailException, TaskDeferralError) as error:
                if self.soft_fail:
                    raise AirflowSkipException("Skipping due to soft_fail is set to True.") from error
                if self.never_fail:
                    raise AirflowSkipException("Skipping due to never_fail is set to True.") from error
                raise
            except AirflowPokeFailException:
                raise
            except AirflowSkipException:
                raise
            except Exception as error:
                if self.silent_fail:
                    self.log.exception("Sensor poke failed")
                    found = False
                elif self.never_fail:
                    raise AirflowSkipException("Skipping due to never_fail is set to True.") from error
                else:
                    raise
            if found:
                self.log.info("Success criteria met. Exiting.")
                return found.xcom_value if isinstance(found, PokeReturnValue) else None
            if waited() > self.timeout:
                message = f"Sensor has timed out: it waited {waited():.1f} seconds; timeout is {self.timeout:g}."
                if self.soft_fail or self.never_fail:
                    raise AirflowSkipException(message)
                raise AirflowSensorTimeout(message)
            pause = self._next_interval(started, waited, number)
            if self.reschedule:
                raise AirflowRescheduleException(datetime.now(tz=timezone.utc) + timedelta(seconds=pause))
            time.sleep(pause)
            number += 1

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a trigger fired; what went wrong then counts as it does in a poke."""
        try:
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except TaskDeferralTimeout as error:
                raise AirflowSensorTimeout(*error.args) from error
        except AirflowSkipException:
            raise
        except (AirflowException, TaskDeferralError) as error:
            if self.soft_fail:
                raise AirflowSkipException("Skipping due to soft_fail is set to True.") from error
            if self.never_fail:
                raise AirflowSkipException("Skipping due to never_fail is set to True.") from error
            raise

    def _next_interval(self, started: datetime, waited: Callable[[], float], number: int) -> float:
        """Seconds until the next poke, after so many."""
        if not self.exponential_backoff:
            return self.poke_interval
        # Twice as long each time, up to twice that again: which part of it is the same for each poke of a sensor and
        # another one for each sensor, so that sensors that began together do not stay together.
        least = max(int(self.poke_interval * 2 ** min(number - 2, 40)), 1)
        which = hashlib.sha1(
            f"{self.dag_id}#{self.task_id}#{started}#{number}".encode(), usedforsecurity=False
        ).hexdigest()
        pause = min(self.timeout - int(waited()), least + int(which, 16) % least)
        return min(pause, self.max_wait) if self.max_wait else pause


def default_deferrable() -> bool:
    """``[operators] default_deferrable``."""
    from airflow.configuration import conf

    return conf.getboolean("operators", "default_deferrable", fallback=False)


def wait_for_instant(
    sensor: BaseSensorOperator, context: Any, moment: datetime, *, end: bool = False, limited: bool = True
) -> None:
    """Free the slot until an instant. ``limited``: the sensor's ``timeout`` counts, from its first start on."""
    from airflow.providers.standard.triggers.temporal import DateTimeTrigger

    now = datetime.now(tz=timezone.utc)
    if now > moment:
        sensor.log.info("The time (%s) has come already", moment)
        return
    sensor.log.info("Waiting for %s", moment)
    timeout = None
    if limited:
        timeout = timedelta(seconds=max(sensor.timeout - (now - context["ti"].first_start).total_seconds(), 0))
    sensor.defer(
        trigger=DateTimeTrigger(moment=moment, end_from_trigger=end), method_name="execute_complete", timeout=timeout
    )


def _seconds(value: timedelta | float | None, name: str) -> float:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if not isinstance(value, (int, float)) or value < 0:
        raise AirflowException(f"a sensor's {name} must be a timedelta or a number of seconds, not {value!r}")
    return value


def poke_mode_only(cls: type) -> type:
    """For sensors that keep state between pokes: their mode can only be ``poke``."""

    def mode_of(self: Any) -> str:
        return "poke"

    def set_mode(self: Any, value: str) -> None:
        if value != "poke":
            raise ValueError(f"mode of {cls.__name__} can only be 'poke', not {value!r}")

    cls.mode = property(mode_of, set_mode)  # type: ignore[attr-defined]
    return cls
