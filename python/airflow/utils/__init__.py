"""Odds and ends under the names that DAG files know."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from airflow._aliases import submodule

    return submodule(__name__, name)
