"""Airflow's own timetables, asked from Python: by users' timetables that build on one. The engine computes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable


def next_run(timetable: Timetable, last: DataInterval | None, restriction: TimeRestriction) -> DagRunInfo | None:
    """The run after ``last``."""
    answer = _call(
        "timetable_next",
        timetable,
        after=None if last is None else {"start": _text(last.start), "end": _text(last.end)},
        earliest=_text(restriction.earliest),
        latest=_text(restriction.latest),
        catchup=bool(restriction.catchup),
        now=_text(dt.datetime.now(tz=dt.timezone.utc)),
    )
    if answer is None:
        return None
    return DagRunInfo(run_after=_instant(answer["run_after"]), data_interval=_interval(answer["data_interval"]))


def manual_interval(timetable: Timetable, run_after: dt.datetime) -> DataInterval:
    """What a run covers that somebody starts by hand."""
    return _interval(_call("timetable_manual", timetable, run_after=_text(run_after)))


def _call(method: str, timetable: Timetable, **arguments: Any) -> Any:
    from airflow._runtime import supervisor
    from airflow._serialize.timetable import own_spec

    if not supervisor.available():
        raise RuntimeError(
            f"{timetable.type_name} is computed by the engine, and this process has none: "
            "it can be asked while DAG files are parsed and tasks run"
        )
    return supervisor.call(method, spec=own_spec(timetable), **arguments)


def _text(value: dt.datetime | None) -> str | None:
    if value is None:
        return None
    if value.utcoffset() is None:
        from airflow.sdk.timezone import default_tzinfo

        value = value.replace(tzinfo=default_tzinfo())
    return value.astimezone(dt.timezone.utc).isoformat()


def _instant(text: str) -> Any:
    from airflow.sdk.timezone import coerce_datetime

    return coerce_datetime(dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(dt.timezone.utc))


def _interval(span: dict[str, str]) -> DataInterval:
    return DataInterval(start=_instant(span["start"]), end=_instant(span["end"]))
