"""Airflow 1's home of sessions."""

from __future__ import annotations

from airflow.utils.session import create_session, provide_session

__all__ = ["create_session", "provide_session"]
