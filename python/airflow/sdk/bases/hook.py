"""The base class of hooks: what talks to other systems."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.definitions.connection import Connection


class BaseHook:
    """Finds connections and has a logger."""

    conn_type: str = ""
    hook_name: str = ""

    def __init__(self, logger_name: str | None = None, *args: Any, **kwargs: Any) -> None:
        self._log_config_logger_name = "airflow.task.hooks"
        self._logger_name = logger_name

    @property
    def log(self) -> logging.Logger:
        """The hook's logger."""
        known = self.__dict__.get("_log")
        if known is None:
            kind = type(self)
            name = self.__dict__.get("_logger_name") or f"{kind.__module__}.{kind.__qualname__}"
            known = self.__dict__["_log"] = logging.getLogger(f"airflow.task.hooks.{name}")
        return known

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """The connection with an id."""
        return Connection.get(conn_id)

    @classmethod
    def get_connections(cls, conn_id: str) -> list[Connection]:
        """The connection with an id, in a list."""
        return [cls.get_connection(conn_id)]

    @classmethod
    async def aget_connection(cls, conn_id: str) -> Connection:
        """The connection with an id."""
        return cls.get_connection(conn_id)

    @classmethod
    async def aget_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> Any:
        """The hook of a connection's type."""
        return cls.get_hook(conn_id, hook_params)

    @classmethod
    def get_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> Any:
        """The hook of a connection's type."""
        return cls.get_connection(conn_id).get_hook(hook_params=hook_params)

    def get_conn(self) -> Any:
        """The open connection."""
        raise NotImplementedError(f"{type(self).__name__} has no get_conn method")

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Fields of a form for connections."""
        return {}

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Which fields of a form for connections are hidden or have other names."""
        return {}
