"""Cluster policies as installed packages offer them, through the entry point ``airflow.policy``."""

from __future__ import annotations

from airflow.listeners import _Marker

hookimpl = _Marker("airflow.policy")

__all__ = ["hookimpl"]
