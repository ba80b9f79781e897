"""Airflow 2's home of the authoring classes; every name is found elsewhere."""

from __future__ import annotations

from typing import Any

from airflow._alias_table import NAMES
from airflow._aliases import named

__all__ = sorted(NAMES["airflow.models"])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    value = named(__name__, name)
    globals()[name] = value
    return value
