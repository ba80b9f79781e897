"""Variables and connections of the database, which the server reads for us."""

from __future__ import annotations

from typing import Any

from airflow.secrets.base_secrets import BaseSecretsBackend


class MetastoreBackend(BaseSecretsBackend):
    """Asks the server; in a process without one, what was put there by hand for ``dag.test()``."""

    def get_connection(self, conn_id: str, *args: Any, **kwargs: Any) -> Any:
        """A connection, or None."""
        from airflow._runtime import local_store, supervisor
        from airflow.sdk.definitions.connection import connection_of

        if supervisor.available():
            data = supervisor.call_or_none("connection_get", conn_id=conn_id)
        else:
            data = local_store.connections.get(conn_id)
        return None if data is None else connection_of(conn_id, data)

    def get_variable(self, key: str, *args: Any, **kwargs: Any) -> str | None:
        """A variable's text, or None."""
        from airflow._runtime import local_store, supervisor

        if not supervisor.available():
            return local_store.variables.get(key)
        found = supervisor.call_or_none("variable_get", key=key)
        return found.get("value") if isinstance(found, dict) else found
