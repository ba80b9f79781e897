"""Days of the week."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class WeekDay(enum.IntEnum):
    """Monday is 1."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> WeekDay:
        """The day of that name."""
        name = week_day_str.upper()
        if name in cls.__members__:
            return cls[name]
        raise AttributeError(f'Invalid Week Day passed: "{week_day_str}"')

    @classmethod
    def convert(cls, day: str | WeekDay) -> int:
        """The day's number."""
        return cls.get_weekday_number(day) if isinstance(day, str) else int(day)

    @classmethod
    def validate_week_day(cls, week_day: str | WeekDay | Iterable[str] | Iterable[WeekDay]) -> set[int]:
        """Numbers of one or more days."""
        if isinstance(week_day, (str, WeekDay)):
            return {cls.convert(week_day)}
        if not isinstance(week_day, Iterable):
            raise TypeError(f"a day of the week is a name, a WeekDay or a list of them, not {week_day!r}")
        return {cls.convert(day) for day in week_day}
