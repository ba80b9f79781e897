"""Timetables as `core::timetable::TimetableSpec`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow._serialize.values import instant
from airflow.sdk.exceptions import SerializationError
from airflow.timetables.base import Timetable


def timetable_spec(timetable: Timetable) -> dict[str, Any]:
    """The timetable as data; an error for one that only its author's code can compute."""
    name = f"{type(timetable).__module__}.{type(timetable).__qualname__}"
    if name in _ASSETS:
        raise SerializationError("schedules of assets are not supported yet; give the DAG a time schedule or None")
    make = _SPECS.get(name)
    if make is None:
        raise SerializationError(
            f"timetable {timetable.type_name} computes its runs in Python, which is not supported yet; "
            "use a cron expression, a timedelta or one of Airflow's own timetables"
        )
    return make(timetable)


_RELATIVE = ("years", "months", "days", "hours", "minutes", "seconds", "microseconds", "leapdays")
_ABSOLUTE = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def _delta(value: Any) -> dict[str, Any]:
    """A timedelta or relativedelta, as `core::timetable::Delta`."""
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    found: dict[str, Any] = {name: getattr(value, name) for name in _RELATIVE if getattr(value, name, 0)}
    found.update({name: getattr(value, name) for name in _ABSOLUTE if getattr(value, name, None) is not None})
    weekday = getattr(value, "weekday", None)
    if weekday is not None:
        found["weekday"] = [weekday.weekday, weekday.n] if weekday.n else [weekday.weekday]
    return found


def _run_immediately(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else bool(value)


def _triggered(spec: dict[str, Any], t: Any) -> dict[str, Any]:
    if t._interval:
        spec["interval"] = _delta(t._interval)
    if getattr(t, "run_immediately", False):
        spec["run_immediately"] = _run_immediately(t.run_immediately)
    return spec


def _cron(kind: str, t: Any, **cron: Any) -> dict[str, Any]:
    spec = {"type": kind, **cron}
    if t.timezone_name != "UTC":
        spec["timezone"] = t.timezone_name
    return spec


def _multiple(t: Any) -> dict[str, Any]:
    first = t._timetables[0]
    return _triggered(_cron("multiple_cron_trigger", first, crons=[x._expression for x in t._timetables]), first)


def _events(t: Any) -> dict[str, Any]:
    spec = {"type": "events", "dates": [instant(date) for date in t.event_dates], "description": t.description}
    if t.restrict_to_events:
        spec["restrict_to_events"] = True
    return spec


_ASSETS = {"airflow.timetables.simple.AssetTriggeredTimetable", "airflow.timetables.assets.AssetOrTimeSchedule"}
_SPECS: dict[str, Any] = {
    "airflow.timetables.simple.NullTimetable": lambda t: {"type": "null"},
    "airflow.timetables.simple.OnceTimetable": lambda t: {"type": "once"},
    "airflow.timetables.simple.ContinuousTimetable": lambda t: {"type": "continuous"},
    "airflow.timetables.interval.CronDataIntervalTimetable": lambda t: _cron(
        "cron_data_interval", t, cron=t._expression
    ),
    "airflow.timetables.interval.DeltaDataIntervalTimetable": lambda t: {
        "type": "delta_data_interval",
        **_delta(t._delta),
    },
    "airflow.timetables.trigger.CronTriggerTimetable": lambda t: _triggered(
        _cron("cron_trigger", t, cron=t._expression), t
    ),
    "airflow.timetables.trigger.MultipleCronTriggerTimetable": _multiple,
    "airflow.timetables.trigger.DeltaTriggerTimetable": lambda t: _triggered(
        {"type": "delta_trigger", "delta": _delta(t._delta)}, t
    ),
    "airflow.timetables.events.EventsTimetable": _events,
}
