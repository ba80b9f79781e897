"""Mappers to the start of the hour, day, week … that a key's instant is in."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk.definitions.partition_mappers.mappers import FanOutMapper, PartitionMapper

__all__ = [
    "FanOutMapper",
    "StartOfDayMapper",
    "StartOfHourMapper",
    "StartOfMonthMapper",
    "StartOfQuarterMapper",
    "StartOfWeekMapper",
    "StartOfYearMapper",
]


class _TemporalMapper(PartitionMapper):
    temporal: ClassVar[bool] = True
    grain: ClassVar[str]
    default_output_format: ClassVar[str]

    def __init__(
        self,
        *,
        timezone: Any = "UTC",
        input_format: str = "%Y-%m-%dT%H:%M:%S",
        output_format: str | None = None,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.timezone = timezone
        self.input_format = input_format
        self.output_format = output_format or self.default_output_format

    def _kind(self) -> dict[str, Any]:
        from airflow.sdk.timezone import timezone_name

        zone = self.timezone if isinstance(self.timezone, str) else timezone_name(self.timezone)
        return {
            "type": "temporal",
            "grain": self.grain,
            "timezone": zone,
            "input_format": self.input_format,
            "output_format": self.output_format,
        }


class StartOfHourMapper(_TemporalMapper):
    """``2024-03-13T10``"""

    grain = "hour"
    default_output_format = "%Y-%m-%dT%H"


class StartOfDayMapper(_TemporalMapper):
    """``2024-03-13``"""

    grain = "day"
    default_output_format = "%Y-%m-%d"


class StartOfWeekMapper(_TemporalMapper):
    """``2024-03-11 (W11)``: the Monday."""

    grain = "week"
    default_output_format = "%Y-%m-%d (W%V)"


class StartOfMonthMapper(_TemporalMapper):
    """``2024-03``"""

    grain = "month"
    default_output_format = "%Y-%m"


class StartOfQuarterMapper(_TemporalMapper):
    """``2024-Q1``"""

    grain = "quarter"
    default_output_format = "%Y-Q{quarter}"


class StartOfYearMapper(_TemporalMapper):
    """``2024``"""

    grain = "year"
    default_output_format = "%Y"
