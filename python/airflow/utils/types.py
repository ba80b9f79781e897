"""Kinds of runs."""

from __future__ import annotations

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.utils.state import _Text

__all__ = ["NOTSET", "ArgNotSet", "DagRunTriggeredByType", "DagRunType"]


class DagRunType(_Text):
    """Why a run exists."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"

    @classmethod
    def from_run_id(cls, run_id: str) -> DagRunType:
        """What the beginning of a run's id says."""
        for kind in cls:
            if run_id.startswith(f"{kind.value}__"):
                return kind
        return cls.MANUAL

    def generate_run_id(self, logical_date: object) -> str:
        """An id for a run of this kind."""
        return f"{self.value}__{logical_date.isoformat()}"  # type: ignore[attr-defined]


class DagRunTriggeredByType(_Text):
    """Who started a run."""

    CLI = "cli"
    OPERATOR = "operator"
    REST_API = "rest_api"
    UI = "ui"
    TEST = "test"
    TIMETABLE = "timetable"
    ASSET = "asset"
    BACKFILL = "backfill"
