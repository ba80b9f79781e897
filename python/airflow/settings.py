"""Values that files read from ``airflow.settings``."""

from __future__ import annotations

from typing import Any

from airflow.configuration import AIRFLOW_HOME, conf

__all__ = ["AIRFLOW_HOME", "Session", "conf"]


def __getattr__(name: str) -> Any:
    if name == "TIMEZONE":
        from airflow.sdk.timezone import coerce_timezone, default_tzinfo

        return coerce_timezone(default_tzinfo())
    if name in ("DAGS_FOLDER", "PLUGINS_FOLDER"):
        return conf.get("core", name.lower())
    if name == "SQL_ALCHEMY_CONN":
        return conf.get("database", "sql_alchemy_conn")
    if name in ("engine", "async_engine"):
        return None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def Session(*args: Any, **kwargs: Any) -> Any:
    """A session that refuses every use."""
    from airflow.utils.session import NEW_SESSION

    return NEW_SESSION


def initialize() -> None:
    """Nothing to do."""
