"""Timetables as `core::timetable::TimetableSpec`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from airflow._serialize.values import instant
from airflow.sdk.exceptions import SerializationError
from airflow.timetables.base import Timetable


def timetable_spec(timetable: Timetable) -> dict[str, Any]:
    """The timetable as data. One of the author's own is data too: which class it is, and what it serializes."""
    name = _name(type(timetable))
    make = _SPECS.get(name)
    return make(timetable) if make is not None else _external(timetable)


def own_spec(timetable: Timetable) -> dict[str, Any]:
    """The one of Airflow's own timetables that this one is or builds on, as data."""
    for kind in type(timetable).__mro__:
        make = _SPECS.get(_name(kind))
        if make is not None:
            result: dict[str, Any] = make(timetable)
            return result
    raise SerializationError(f"timetable {timetable.type_name} builds on none of Airflow's own timetables")


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _external(timetable: Timetable) -> dict[str, Any]:
    """A class of the author's own, which has to come back to life in another process."""
    kind = type(timetable)
    if "<locals>" in kind.__qualname__:
        raise SerializationError(
            f"timetable {kind.__qualname__} is defined inside a function, where no other process finds it; "
            "move the class to the top of its module"
        )
    data = timetable.serialize()
    try:
        text = json.dumps(data)
    except (TypeError, ValueError) as error:
        raise SerializationError(f"serialize() of timetable {kind.__qualname__} is not plain JSON: {error}") from error
    try:
        again = kind.deserialize(json.loads(text))
    except Exception as error:
        raise SerializationError(
            f"timetable {kind.__qualname__} can't be made again from what it serializes: deserialize({text}) raised "
            f"{type(error).__name__}: {error}; give the class a serialize() and a deserialize() that belong together"
        ) from error
    if not isinstance(again, kind):
        raise SerializationError(
            f"deserialize() of timetable {kind.__qualname__} answered {again!r} instead of a {kind.__name__}"
        )
    in_file = kind.__module__.startswith("unusual_prefix_")
    limit = timetable.active_runs_limit
    spec = {
        "type": "external",
        "module": None if in_file else kind.__module__,
        "class": kind.__qualname__,
        "data": data,
        "summary": str(timetable.summary),
        "description": str(timetable.description or "") or None,
        "can_be_scheduled": None if timetable.can_be_scheduled else False,
        "periodic": None if timetable.periodic else False,
        "active_runs_limit": None if limit is None else int(limit),
    }
    return {name: value for name, value in spec.items() if value is not None}


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
    if getattr(t, "run_immediately", None) not in (None, False):
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
    spec: dict[str, Any] = {"type": "events", "dates": [instant(date) for date in t.event_dates]}
    if t._given_description is not None:
        spec["description"] = t._given_description
    if t.restrict_to_events:
        spec["restrict_to_events"] = True
    return spec


def _partitioned_asset(t: Any) -> dict[str, Any]:
    from airflow.sdk.definitions.asset import Asset, AssetNameRef, AssetUriRef

    mappers: list[dict[str, Any]] = []
    for of, mapper in t.partition_mapper_config.items():
        for leaf in of.leaves():
            if isinstance(leaf, Asset):
                whose = {"name": leaf.name, "uri": leaf.uri}
            elif isinstance(leaf, AssetNameRef):
                whose = {"name": leaf.name}
            elif isinstance(leaf, AssetUriRef):
                whose = {"uri": leaf.uri}
            else:
                raise SerializationError("a partition mapper belongs to assets, not to an alias")
            mappers.append({**whose, "mapper": mapper.as_spec()})
    spec = {
        "type": "partitioned_asset",
        "assets": t.asset_condition.as_spec(),
        "default_mapper": t.default_partition_mapper.as_spec(),
    }
    if mappers:
        spec["mappers"] = mappers
    return spec


def _cron_partition(t: Any) -> dict[str, Any]:
    spec = _cron("cron_partition", t, cron=t._expression, key_format=t._key_format)
    if t._run_offset:
        spec["run_offset"] = t._run_offset
    if t.run_immediately:
        spec["run_immediately"] = _run_immediately(t.run_immediately)
    return spec


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
    "airflow.timetables.simple.AssetTriggeredTimetable": lambda t: {
        "type": "asset_triggered",
        "assets": t.asset_condition.as_spec(),
    },
    "airflow.timetables.assets.AssetOrTimeSchedule": lambda t: {
        "type": "asset_or_time",
        "timetable": timetable_spec(t.timetable),
        "assets": t.asset_condition.as_spec(),
    },
    "airflow.timetables.simple.PartitionedAssetTimetable": _partitioned_asset,
    "airflow.timetables.simple.PartitionedAtRuntime": lambda t: {"type": "partitioned_at_runtime"},
    "airflow.timetables.trigger.CronPartitionTimetable": _cron_partition,
}
