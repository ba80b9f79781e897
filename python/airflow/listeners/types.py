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


def emitted(
    updates: list[dict[str, Any]],
    *,
    dag_id: str | None = None,
    task_id: str | None = None,
    run_id: str | None = None,
    map_index: int | None = None,
) -> Iterator[AssetEvent]:
    """The events of updates as a try reports them to the server, with the task that they come from, if one did it."""
    for update in updates:
        (spec,) = update["asset"].values()  # under the word that says whether it is an asset or a reference to one
        yield AssetEvent(
            asset=Asset(
                spec.get("name"), spec.get("uri"), group=spec.get("group") or "asset", extra=spec.get("extra") or {}
            ),
            extra=update.get("extra") or {},
            source_dag_id=dag_id,
            source_task_id=task_id,
            source_run_id=run_id,
            source_map_index=map_index,
            source_aliases=[AssetAlias(name) for name in update.get("aliases") or ()],
            partition_key=update.get("partition_key"),
        )
