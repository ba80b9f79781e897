"""Cron expressions: presets, and whether the text can be understood."""

from __future__ import annotations

import re

from airflow.sdk.exceptions import AirflowTimetableInvalid

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAYS = {name: n for n, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
    ("second", 0, 59, {}),
)
_PART = re.compile(r"(?P<low>\*|\?|l|[a-z0-9]+)(?:-(?P<high>[a-z0-9]+))?(?:/(?P<step>\d+))?(?:#(?P<nth>[1-5l]))?$")


def check_cron(expression: str) -> None:
    """Raise unless the expression has five (or six: seconds last) fields that make sense."""
    fields = expression.lower().split()
    if not 5 <= len(fields) <= 6:
        raise AirflowTimetableInvalid(
            f"cron expression {expression!r} has {len(fields)} fields; it needs 5 (minute hour day month weekday)"
        )
    for text, (name, lowest, highest, words) in zip(fields, _FIELDS):
        for part in text.split(","):
            _check_part(expression, part, name, lowest, highest, words)


def _check_part(expression: str, part: str, name: str, lowest: int, highest: int, words: dict[str, int]) -> None:
    def bad(why: str) -> AirflowTimetableInvalid:
        return AirflowTimetableInvalid(f"cron expression {expression!r}: {part!r} is not a {name}: {why}")

    match = _PART.match(part)
    if match is None:
        if name == "day of the week" and re.match(r"l[0-7]$", part):
            return
        raise bad("it can't be understood")
    if match["step"] is not None and int(match["step"]) == 0:
        raise bad("the step must not be 0")
    if match["nth"] is not None and name != "day of the week":
        raise bad("'#' is for days of the week")
    low, high = match["low"], match["high"]
    if low in ("*", "?"):
        return
    if low == "l":
        if name != "day of the month":
            raise bad("'L' is for days of the month")
        return
    for text in (low, high):
        if text is None or text in words:
            continue
        if not text.isdigit():
            raise bad(f"{text!r} is not a number")
        if not lowest <= int(text) <= highest:
            raise bad(f"it must be between {lowest} and {highest}")
