"""The logging configuration, for code that asks for it. Tradewind sets logging up itself and keeps logs by itself."""

from __future__ import annotations

from typing import Any

#: Nobody else's place for logs.
REMOTE_TASK_LOG: Any = None


class _ActiveLoggingConfig:
    """The configuration in force."""

    logging_config_loaded = True
    remote_task_log: Any = None
    default_remote_conn_id: str | None = None

    @classmethod
    def set(cls, remote_task_log: Any, default_remote_conn_id: str | None) -> None:
        """Remember another place for logs."""
        cls.remote_task_log, cls.default_remote_conn_id = remote_task_log, default_remote_conn_id


def get_remote_task_log() -> Any:
    """The other place for logs, if somebody set one."""
    return _ActiveLoggingConfig.remote_task_log


def get_default_remote_conn_id() -> str | None:
    """The connection to it."""
    return _ActiveLoggingConfig.default_remote_conn_id


def configure_logging() -> str:
    """Nothing to do; the path of the configuration in force."""
    return "airflow.logging_config"
