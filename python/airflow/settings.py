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
    if not name.startswith("__"):
        from airflow._runtime.policies import local_settings

        local = local_settings()
        if local is not None and hasattr(local, name):
            return getattr(local, name)
    if name in _HOOKS:
        return _nothing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Functions that local settings may define; without one, nothing happens.
_HOOKS = frozenset({"dag_policy", "pod_mutation_hook", "policy", "task_instance_mutation_hook", "task_policy"})


def _nothing(subject: Any) -> None:
    """What a hook does that nobody defined."""


def Session(*args: Any, **kwargs: Any) -> Any:
    """A session; it can be asked, not written to."""
    from airflow.utils.session import NEW_SESSION

    return NEW_SESSION


def initialize() -> None:
    """Nothing to do."""


def configure_orm(*args: Any, **kwargs: Any) -> None:
    """Nothing to do: there is no database in this process."""


def dispose_orm(*args: Any, **kwargs: Any) -> None:
    """Nothing to do: there is no database in this process."""
