"""Cron expressions: presets, and what is wrong with one at first sight. The engine has the last word."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowTimetableInvalid

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
_OTHER_PRESETS = ("@midnight", "@annually")

_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAYS = {name: n for n, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
    ("second", 0, 59, {}),
    ("year", 1970, 2099, {}),
)


def check_cron(expression: str) -> None:
    """Raise for what nobody could mean: the number of fields, plain numbers out of range, unknown names."""
    fields = expression.lower().split()
    if expression.lower() in _OTHER_PRESETS:
        return
    if not 5 <= len(fields) <= 7:
        raise AirflowTimetableInvalid(
            f"cron expression {expression!r} has {len(fields)} fields; it needs 5 (minute hour day month weekday)"
        )
    for text, (name, lowest, highest, words) in zip(fields, _FIELDS):
        for part in text.split(","):
            if part.isascii() and part.isdigit() and not lowest <= int(part) <= highest:
                why = f"it must be between {lowest} and {highest}"
            elif part.isalpha() and len(part) > 2 and part not in words:
                why = "it is no name of one"
            else:
                continue
            raise AirflowTimetableInvalid(f"cron expression {expression!r}: {part!r} is not a {name}: {why}")
