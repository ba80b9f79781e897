"""Timetables that are not about the clock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow.timetables.base import Timetable


class NullTimetable(Timetable):
    """Runs are only started by hand or by others."""

    _native = True

    can_be_scheduled = False
    periodic = False
    description = "Never, external triggers only"

    @property
    def summary(self) -> str:
        return "None"


class OnceTimetable(Timetable):
    """One run."""

    _native = True

    periodic = False
    description = "Once, as soon as possible"

    @property
    def summary(self) -> str:
        return "@once"


class ContinuousTimetable(Timetable):
    """A run as soon as the one before it has ended."""

    _native = True

    active_runs_limit = 1
    description = "As frequently as possible, but only one run at a time."

    @property
    def summary(self) -> str:
        return "@continuous"


class AssetTriggeredTimetable(Timetable):
    """A run when assets were updated."""

    periodic = False
    description = "Triggered by assets"

    def __init__(self, assets: Any) -> None:
        from airflow.sdk.definitions.asset import AssetAll, BaseAsset

        if isinstance(assets, BaseAsset):
            self.asset_condition = assets
        elif isinstance(assets, Collection):
            self.asset_condition = AssetAll(*assets)
        else:
            raise TypeError(f"a schedule of assets takes assets, not {assets!r}")

    @property
    def summary(self) -> str:
        return "Asset"


DatasetTriggeredTimetable = AssetTriggeredTimetable
