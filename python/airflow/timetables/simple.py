"""Timetables that are not about the clock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable


class NullTimetable(Timetable):
    """Runs are only started by hand or by others."""

    _native = True

    can_be_scheduled = False
    periodic = False
    description = "Never, external triggers only"

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return "None"


class OnceTimetable(Timetable):
    """One run."""

    _native = True

    periodic = False
    description = "Once, as soon as possible"

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return "@once"


class ContinuousTimetable(Timetable):
    """A run as soon as the one before it has ended."""

    _native = True

    active_runs_limit = 1
    description = "As frequently as possible, but only one run at a time."

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
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

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """None: nobody knows when assets are updated."""
        return None

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return "Asset"


class PartitionedAssetTimetable(AssetTriggeredTimetable):
    """A run when a partition of assets is complete."""

    partitioned = True

    def __init__(
        self,
        *,
        assets: Any,
        partition_mapper_config: dict[Any, Any] | None = None,
        default_partition_mapper: Any = None,
    ) -> None:
        from airflow.sdk.definitions.partition_mappers import IdentityMapper

        super().__init__(assets)
        self.partition_mapper_config = dict(partition_mapper_config or {})
        self.default_partition_mapper = default_partition_mapper or IdentityMapper()

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return "Partitioned Asset"


class PartitionedAtRuntime(NullTimetable):
    """Runs are only started by hand or by others, who say which partition they are about."""

    partitioned_at_runtime = True
    description = "Never, partition key(s) set at runtime"

    @property
    def summary(self) -> str:
        """In a few words, for lists."""
        return "PartitionedAtRuntime"


DatasetTriggeredTimetable = AssetTriggeredTimetable
