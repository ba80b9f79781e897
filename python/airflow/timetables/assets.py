"""Timetables about assets and the clock together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.simple import AssetTriggeredTimetable


class AssetOrTimeSchedule(AssetTriggeredTimetable):
    """Due when a timetable says so, and also when assets were updated."""

    periodic = True

    def __init__(self, *, timetable: Timetable, assets: Any = None, datasets: Any = None) -> None:
        super().__init__(assets if assets is not None else datasets)
        if not isinstance(timetable, Timetable):
            raise TypeError(f"AssetOrTimeSchedule takes a timetable, not {timetable!r}")
        if isinstance(timetable, AssetTriggeredTimetable):
            raise AirflowTimetableInvalid("cannot nest asset timetables")
        self.timetable = timetable
        self.description = f"Triggered by assets or {timetable.description}"

    def validate(self) -> None:
        """Refuse what the timetable in it refuses."""
        self.timetable.validate()

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """What the timetable says: nobody knows when assets are updated."""
        return self.timetable.next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """What the timetable says."""
        return self.timetable.infer_manual_data_interval(run_after=run_after)

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return f"Asset or {self.timetable.summary}"


DatasetOrTimeSchedule = AssetOrTimeSchedule
