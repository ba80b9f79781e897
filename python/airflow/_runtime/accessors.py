"""``var`` and ``conn`` of the context."""

from __future__ import annotations

from typing import Any

_UNSET = object()


class VariableAccessor:
    """``var.value.NAME`` and ``var.json.NAME``."""

    def __init__(self, deserialize_json: bool) -> None:
        self._deserialize_json = deserialize_json

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        from airflow.sdk.definitions.variable import Variable

        return Variable.get(key, deserialize_json=self._deserialize_json)

    def __getitem__(self, key: str) -> Any:
        return self.__getattr__(key)

    def get(self, key: str, default: Any = None, default_var: Any = _UNSET) -> Any:
        """The variable, or a default."""
        from airflow.sdk.definitions.variable import Variable

        fallback = default if default_var is _UNSET else default_var
        return Variable.get(key, default=fallback, deserialize_json=self._deserialize_json)


def variables() -> dict[str, VariableAccessor]:
    """What ``var`` is."""
    return {"json": VariableAccessor(True), "value": VariableAccessor(False)}


class ConnectionAccessor:
    """``conn.ID``."""

    def __getattr__(self, conn_id: str) -> Any:
        if conn_id.startswith("__"):
            raise AttributeError(conn_id)
        from airflow.sdk.definitions.connection import Connection

        return Connection.get(conn_id)

    def __getitem__(self, conn_id: str) -> Any:
        return self.__getattr__(conn_id)

    def get(self, conn_id: str, default_conn: Any = None) -> Any:
        """The connection, or a default."""
        from airflow.sdk.definitions.connection import Connection
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            return Connection.get(conn_id)
        except AirflowNotFoundException:
            return default_conn


class NotSupported(NotImplementedError, AttributeError):
    """This version does not have what the task wants to use."""


class Unsupported:
    """Something that this version does not have: using it says so."""

    def __init__(self, what: str) -> None:
        self.__dict__["_what"] = what

    def _refuse(self, *args: Any) -> Any:
        raise NotSupported(f"Tradewind does not support {self._what} so far")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    __getitem__ = __setitem__ = __iter__ = __call__ = _refuse

    def __repr__(self) -> str:
        return f"<no {self._what}>"
