"""Mappers that are not about time."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk.definitions.partition_mappers.wait_policy import WaitForAll, WaitPolicy
from airflow.sdk.definitions.partition_mappers.window import SegmentWindow, Window


class PartitionMapper:
    """From partition keys of events to keys of runs."""

    temporal: ClassVar[bool] = False
    is_rollup: ClassVar[bool] = False

    def __init__(self, *, max_downstream_keys: int | None = None) -> None:
        if max_downstream_keys is not None and (type(max_downstream_keys) is not int or max_downstream_keys < 1):
            raise ValueError(f"max_downstream_keys must be a positive integer or None, got {max_downstream_keys!r}")
        self.max_downstream_keys = max_downstream_keys

    def _kind(self) -> dict[str, Any]:
        raise NotImplementedError

    def as_spec(self) -> dict[str, Any]:
        """As `core::asset::partition::Mapper`."""
        from airflow.sdk.exceptions import SerializationError

        if not type(self).__module__.startswith("airflow.sdk."):
            raise SerializationError(
                f"partition mapper {type(self).__name__} computes keys in Python, which is not supported; "
                "use Airflow's own mappers"
            )
        spec = self._kind()
        if self.max_downstream_keys is not None:
            spec["max_downstream_keys"] = self.max_downstream_keys
        return spec


class IdentityMapper(PartitionMapper):
    """The same key."""

    def _kind(self) -> dict[str, Any]:
        return {"type": "identity"}


class AllowedKeyMapper(PartitionMapper):
    """The same key, if it is one of these."""

    def __init__(self, allowed_keys: list[str], *, max_downstream_keys: int | None = None) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.allowed_keys = list(allowed_keys)

    def _kind(self) -> dict[str, Any]:
        return {"type": "allowed_key", "allowed_keys": self.allowed_keys}


class FixedKeyMapper(PartitionMapper):
    """Always the same key."""

    def __init__(self, downstream_key: str, *, max_downstream_keys: int | None = None) -> None:
        if not downstream_key or not isinstance(downstream_key, str):
            raise ValueError(f"FixedKeyMapper downstream_key must be a non-empty str; got {downstream_key!r}.")
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.downstream_key = downstream_key

    def _kind(self) -> dict[str, Any]:
        return {"type": "fixed_key", "downstream_key": self.downstream_key}


class ProductMapper(PartitionMapper):
    """A key of several segments, each with its own mapper."""

    def __init__(
        self,
        mapper0: PartitionMapper,
        mapper1: PartitionMapper,
        /,
        *mappers: PartitionMapper,
        delimiter: str = "|",
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.mappers = [mapper0, mapper1, *mappers]
        self.delimiter = delimiter

    def _kind(self) -> dict[str, Any]:
        return {"type": "product", "mappers": [m.as_spec() for m in self.mappers], "delimiter": self.delimiter}


class ChainMapper(PartitionMapper):
    """One mapper after the other."""

    def __init__(
        self,
        mapper0: PartitionMapper,
        mapper1: PartitionMapper,
        /,
        *mappers: PartitionMapper,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.mappers = [mapper0, mapper1, *mappers]

    def _kind(self) -> dict[str, Any]:
        return {"type": "chain", "mappers": [m.as_spec() for m in self.mappers]}


class RollupMapper(PartitionMapper):
    """Many keys make one run, which waits for a window of them."""

    is_rollup: ClassVar[bool] = True

    def __init__(
        self,
        *,
        upstream_mapper: PartitionMapper,
        window: Window,
        wait_policy: WaitPolicy | None = None,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        if upstream_mapper.temporal is isinstance(window, SegmentWindow):
            raise TypeError(
                f"{type(window).__name__} and {type(upstream_mapper).__name__} do not go together: "
                "pair a window of time with a StartOf…Mapper, and SegmentWindow with a mapper of texts"
            )
        self.upstream_mapper = upstream_mapper
        self.window = window
        self.wait_policy = wait_policy if wait_policy is not None else WaitForAll()

    def _kind(self) -> dict[str, Any]:
        return {
            "type": "rollup",
            "upstream_mapper": self.upstream_mapper.as_spec(),
            "window": self.window.as_spec(),
            "wait_policy": self.wait_policy.as_spec(),
        }


class FanOutMapper(PartitionMapper):
    """One key makes a run for each member of a window."""

    def __init__(
        self,
        *,
        upstream_mapper: PartitionMapper,
        window: Window,
        downstream_mapper: PartitionMapper | None = None,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.upstream_mapper = upstream_mapper
        self.window = window
        self.downstream_mapper = downstream_mapper if downstream_mapper is not None else _default_for(window)

    def _kind(self) -> dict[str, Any]:
        return {
            "type": "fan_out",
            "upstream_mapper": self.upstream_mapper.as_spec(),
            "window": self.window.as_spec(),
            "downstream_mapper": self.downstream_mapper.as_spec(),
        }


def _default_for(window: Window) -> PartitionMapper:
    from airflow.sdk.definitions.partition_mappers import temporal

    names = {
        "DayWindow": temporal.StartOfHourMapper,
        "WeekWindow": temporal.StartOfDayMapper,
        "MonthWindow": temporal.StartOfDayMapper,
        "QuarterWindow": temporal.StartOfMonthMapper,
        "YearWindow": temporal.StartOfMonthMapper,
    }
    kind = names.get(type(window).__name__)
    if kind is None:
        raise ValueError(
            f"FanOutMapper has no default downstream_mapper for window type {type(window).__name__}; "
            "pass downstream_mapper explicitly."
        )
    return kind()
