"""Timetables about assets and the clock together."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import Timetable
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
        self.timetable.validate()

    @property
    def summary(self) -> str:
        return f"Asset or {self.timetable.summary}"


DatasetOrTimeSchedule = AssetOrTimeSchedule
