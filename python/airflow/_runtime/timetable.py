"""Job ``timetable``: ask a timetable of the user's own which runs come next, or what a manual run covers."""

from __future__ import annotations

import datetime as dt
import importlib
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.load import explain, load, one_line, prepare_path
from airflow._runtime.wire import Channel


def ask(channel: Channel, job: dict[str, Any]) -> int:
    """Answer the job's question."""
    supervisor.set_channel(channel)
    answer: dict[str, Any] = {"type": "answered"}
    try:
        timetable = rebuild(job)
        question = job["ask"]
        if question["kind"] == "manual":
            answer["interval"] = _manual(timetable, question)
        else:
            _next(timetable, question, answer)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        answer["error"] = explain(error, job["path"])
        if not isinstance(error, Exception):
            answer["error"]["message"] = one_line(error)
    channel.send(answer)
    return 0


def rebuild(job: dict[str, Any]) -> Any:
    """The timetable, made again from its class and what it serialized."""
    if job.get("module"):
        prepare_path(job["root"])
        found: Any = importlib.import_module(job["module"])
    else:
        found = load(job["path"], job["root"])
    for name in job["class"].split("."):
        found = getattr(found, name)
    return found.deserialize(job["data"])


def _next(timetable: Any, question: dict[str, Any], answer: dict[str, Any]) -> None:
    from airflow.timetables.base import DagRunInfo, TimeRestriction

    now = _instant(question["now"])
    earliest, latest = _instant(question["earliest"]), _instant(question["latest"])
    restriction = TimeRestriction(earliest=earliest, latest=latest, catchup=question["catchup"])
    last = None if question["after"] is None else _interval(question["after"])
    info = None if last is None else DagRunInfo(run_after=last.end, data_interval=last)
    runs: list[dict[str, Any]] = []
    answer.update(runs=runs, ended=False)
    future = 0
    while len(runs) < question["most"] and future < question["future"]:
        found = _ask_next(timetable, info, restriction)
        if found is None:
            answer["ended"] = True
            return
        run_after, interval = _aware(found.run_after, "run_after"), found.data_interval
        if interval is None:
            raise ValueError(f"next_dagrun_info answered a run (after {run_after}) without a data interval")
        start = _aware(interval.start, "the data interval's start")
        end = _aware(interval.end, "the data interval's end")
        if end < start:
            raise ValueError(f"next_dagrun_info answered a data interval that ends ({end}) before it starts ({start})")
        if info is not None and start <= info.data_interval.start:
            raise ValueError(
                f"next_dagrun_info answered the run of {start} after that of {info.data_interval.start}; "
                "the runs of a timetable must go forward"
            )
        runs.append({"logical_date": _text(start), "data_interval": _span(start, end), "run_after": _text(run_after)})
        if run_after > now:
            future += 1
        interval = _interval({"start": _text(start), "end": _text(end)})
        info = DagRunInfo(run_after=_instant(_text(run_after)), data_interval=interval)


def _ask_next(timetable: Any, last: Any, restriction: Any) -> Any:
    newer = getattr(timetable, "next_dagrun_info_v2", None)
    if newer is not None:
        return newer(last_dagrun_info=last, restriction=restriction)
    interval = None if last is None else last.data_interval
    return timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)


def _manual(timetable: Any, question: dict[str, Any]) -> dict[str, str]:
    interval = timetable.infer_manual_data_interval(run_after=_instant(question["run_after"]))
    if interval is None:
        raise ValueError("infer_manual_data_interval answered None instead of a DataInterval")
    return _span(_aware(interval.start, "the interval's start"), _aware(interval.end, "the interval's end"))


def _aware(value: Any, name: str) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise TypeError(f"the timetable answered {value!r} as {name}, which is not a datetime")
    if value.utcoffset() is None:
        raise ValueError(f"the timetable answered {value!r} as {name}, which has no time zone")
    return value


def _text(value: dt.datetime) -> str:
    return value.astimezone(dt.timezone.utc).isoformat()


def _span(start: dt.datetime, end: dt.datetime) -> dict[str, str]:
    return {"start": _text(start), "end": _text(end)}


def _instant(text: str | None) -> Any:
    """As authors' code expects it: pendulum's, in UTC."""
    if text is None:
        return None
    from airflow.sdk.timezone import coerce_datetime

    return coerce_datetime(dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(dt.timezone.utc))


def _interval(span: dict[str, str]) -> Any:
    from airflow.timetables.base import DataInterval

    return DataInterval(start=_instant(span["start"]), end=_instant(span["end"]))
