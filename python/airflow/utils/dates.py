"""Dates as DAG files of Airflow 1 and 2 wrote them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

cron_presets: dict[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


def days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """Midnight (or another time) UTC, ``n`` days ago."""
    today = datetime.now(tz=timezone.utc).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return today - timedelta(days=n)


def round_time(dt: datetime, delta: Any, start_date: datetime | None = None) -> datetime:
    """The nearest instant that is a whole number of ``delta`` after ``start_date``; a cron text rounds down."""
    if start_date is None:
        start_date = datetime(1970, 1, 1, tzinfo=dt.tzinfo)
    if isinstance(delta, str):
        raise ValueError("round_time takes a timedelta; cron expressions are the scheduler's")
    steps = round((dt - start_date) / delta)
    result: datetime = start_date + steps * delta
    return result


def infer_time_unit(time_seconds_arr: list[float]) -> str:
    """The unit in which these seconds read best."""
    longest = max(time_seconds_arr, default=0)
    for unit, limit in (("seconds", 60 * 2), ("minutes", 60 * 60 * 2), ("hours", 24 * 60 * 60 * 2)):
        if longest <= limit:
            return unit
    return "days"


def scale_time_units(time_seconds_arr: list[float], unit: str) -> list[float]:
    """Seconds in another unit."""
    length = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}[unit]
    return [seconds / length for seconds in time_seconds_arr]


def date_range(
    start_date: datetime, end_date: datetime | None = None, num: int | None = None, delta: Any = None
) -> list[Any]:
    """Instants from ``start_date``, ``delta`` apart, up to ``end_date`` or ``num`` of them."""
    if not delta:
        return []
    if end_date is not None and num is not None:
        raise ValueError("date_range takes end_date or num, not both")
    if isinstance(delta, str):
        raise ValueError("date_range takes a timedelta; cron expressions are the scheduler's")
    found: list[datetime] = []
    if num is not None:
        step = delta if num > 0 else -delta
        found = [start_date + step * n for n in range(abs(num))]
        return sorted(found)
    end = end_date or datetime.now(tz=start_date.tzinfo)
    at = start_date
    while at <= end:
        found.append(at)
        at += delta
    return found


def parse_execution_date(execution_date_str: str) -> Any:
    """Read a date-time."""
    from airflow.sdk.timezone import parse

    return parse(execution_date_str)
