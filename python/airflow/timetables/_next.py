"""When the run after a given one is due, for operators that ask while a task runs. Schedules are computed in Rust."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

_WORDS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_WORDS.update({name: n for n, name in enumerate("sun mon tue wed thu fri sat".split())})
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def end_of_window(timetable: Any, run: Any) -> datetime | None:
    """When the next run is due; None if nobody can say."""
    start, end = run.data_interval_start, run.data_interval_end
    if start is None or end is None:
        return None
    delta = getattr(timetable, "_delta", None)
    if delta is not None:
        return end + delta
    expressions = [t._expression for t in getattr(timetable, "_timetables", [timetable]) if hasattr(t, "_expression")]
    if expressions:
        first = getattr(timetable, "_timetables", [timetable])[0]
        from airflow.sdk.timezone import parse_timezone

        zone = parse_timezone(first.timezone_name)
        return min(next_match(expression, end.astimezone(zone)) for expression in expressions)
    return end + (end - start) if end > start else None


def next_match(expression: str, after: datetime) -> datetime:
    """The first minute after ``after`` (in its zone) that a five-field cron expression matches."""
    fields = expression.lower().split()[:5]
    minutes, hours, days, months, weekdays = (_values(text, *bounds) for text, bounds in zip(fields, _RANGES))
    weekdays = {day % 7 for day in weekdays}
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    at = (after + timedelta(minutes=1)).replace(second=0, microsecond=0)
    for _ in range(366 * 30):
        by_day, by_weekday = at.day in days, at.isoweekday() % 7 in weekdays
        if at.month in months and ((by_day or by_weekday) if either else (by_day and by_weekday)):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    if (hour, minute) >= (at.hour, at.minute):
                        return at.replace(hour=hour, minute=minute).astimezone(timezone.utc)
        at = (at + timedelta(days=1)).replace(hour=0, minute=0)
    raise ValueError(f"cron expression {expression!r} never matches")


def _values(text: str, lowest: int, highest: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            low, high = lowest, highest
        elif span == "l" or "#" in span:
            raise ValueError(f"cron field {text!r} can't be looked ahead of")
        else:
            first, _, last = span.partition("-")
            low = _WORDS.get(first) if first in _WORDS else int(first)  # type: ignore[assignment]
            high = (_WORDS.get(last) if last in _WORDS else int(last)) if last else (highest if step else low)  # type: ignore[assignment]
        found.update(range(low, high + 1, int(step or 1)))
    return found
