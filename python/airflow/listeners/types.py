"""What listeners are told of assets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow.sdk.definitions.asset import Asset, AssetAlias


@dataclass
class AssetEvent:
    """Something happened to an asset."""

    asset: Asset
    extra: dict[str, Any] = field(default_factory=dict)
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    #: -1: the task is not mapped.
    source_map_index: int | None = None
    source_aliases: list[AssetAlias] = field(default_factory=list)
    partition_key: str | None = None
    partition_date: datetime | None = None


def emitted(ti: Any, updates: list[dict[str, Any]]) -> Iterator[AssetEvent]:
    """The events of a try that succeeded, from what it reports to the server."""
    for update in updates:
        (spec,) = update["asset"].values()  # under the word that says whether it is an asset or a reference to one
        yield AssetEvent(
            asset=Asset(
                spec.get("name"), spec.get("uri"), group=spec.get("group") or "asset", extra=spec.get("extra") or {}
            ),
            extra=update.get("extra") or {},
            source_dag_id=ti.dag_id,
            source_task_id=ti.task_id,
            source_run_id=ti.run_id,
            source_map_index=ti.map_index,
            source_aliases=[AssetAlias(name) for name in update.get("aliases") or ()],
            partition_key=update.get("partition_key"),
        )
