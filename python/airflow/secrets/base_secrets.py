"""The base class of secrets backends: what looks connections, variables and options up somewhere else."""

from __future__ import annotations

import logging
from typing import Any


class BaseSecretsBackend:
    """Answers None for what it does not have; the next one on the search path is asked then."""

    @property
    def log(self) -> logging.Logger:
        """The backend's logger."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    @staticmethod
    def build_path(path_prefix: str, secret_id: str, sep: str = "/") -> str:
        """The path of a secret below a prefix."""
        return f"{path_prefix}{sep}{secret_id}"

    def get_conn_value(self, conn_id: str, *args: Any, **kwargs: Any) -> str | None:
        """A connection as a URI or as JSON; backends override this or :meth:`get_connection`."""
        raise NotImplementedError

    def deserialize_connection(self, conn_id: str, value: str) -> Any:
        """The connection that a URI or JSON text describes."""
        from airflow.sdk.definitions.connection import Connection

        value = value.strip()
        if value.startswith("{"):
            return Connection.from_json(value, conn_id=conn_id)
        return Connection(conn_id=conn_id, uri=value)

    def get_conn_uri(self, conn_id: str) -> str | None:
        """Airflow 1 and 2: a connection as a URI."""
        raise NotImplementedError

    def get_connection(self, conn_id: str, *args: Any, **kwargs: Any) -> Any:
        """A connection, or None."""
        value = None
        for method in (self.get_conn_value, self.get_conn_uri):
            try:
                value = method(conn_id=conn_id)
                break
            except NotImplementedError:
                continue
        return self.deserialize_connection(conn_id, value) if value else None

    def get_connections(self, conn_id: str) -> list[Any]:
        """A connection in a list, or an empty list."""
        found = self.get_connection(conn_id)
        return [found] if found else []

    def get_variable(self, key: str, *args: Any, **kwargs: Any) -> str | None:
        """A variable's text, or None."""
        raise NotImplementedError

    def get_config(self, key: str) -> str | None:
        """An option's value, or None."""
        return None
