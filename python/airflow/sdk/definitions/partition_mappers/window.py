"""Windows: the members of a period."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar


class Window:
    """The members of a period."""

    class Direction(str, Enum):
        """Whether a period begins or ends with its anchor."""

        BACKWARD = "backward"
        FORWARD = "forward"

    word: ClassVar[str]

    def __init__(self, *, direction: Window.Direction = Direction.FORWARD) -> None:
        self.direction = self.Direction(direction)

    def as_spec(self) -> dict[str, Any]:
        """As `core::asset::partition::Window`."""
        from airflow.sdk.exceptions import SerializationError

        if not type(self).__module__.startswith("airflow.sdk."):
            raise SerializationError(
                f"window {type(self).__name__} computes its members in Python, which is not supported; "
                "use Airflow's own windows"
            )
        return {"type": self.word, "direction": self.direction.value}


class HourWindow(Window):
    """60 minutes."""

    word = "hour"


class DayWindow(Window):
    """24 hours."""

    word = "day"


class WeekWindow(Window):
    """7 days."""

    word = "week"


class MonthWindow(Window):
    """The days of a month."""

    word = "month"


class QuarterWindow(Window):
    """3 months."""

    word = "quarter"


class YearWindow(Window):
    """12 months."""

    word = "year"


class SegmentWindow(Window):
    """A fixed set of keys."""

    word = "segment"

    def __init__(self, segments: Iterable[str]) -> None:
        super().__init__()
        self.segments = sorted(set(segments))
        if not self.segments or not all(isinstance(key, str) and key for key in self.segments):
            raise ValueError(f"SegmentWindow requires non-empty texts, at least one; got {self.segments!r}")

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"type": self.word, "segments": self.segments}
