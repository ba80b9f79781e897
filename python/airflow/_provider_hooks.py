"""Hooks that installed provider packages offer for connection types."""

from __future__ import annotations

from typing import Any

#: Hooks of the standard provider, which is here also when its distribution is not.
_BUILT_IN = {
    "fs": "airflow.providers.standard.hooks.filesystem.FSHook",
    "package_index": "airflow.providers.standard.hooks.package_index.PackageIndexHook",
}


def hook_class(conn_type: str | None) -> tuple[Any, str]:
    """The hook class of a connection type, and its argument for the connection's id."""
    from importlib import import_module

    from airflow._provider_infos import infos
    from airflow.sdk.exceptions import AirflowException

    for info in infos():
        for item in info.get("connection-types") or ():
            if item.get("connection-type") == conn_type:
                module, _, name = item["hook-class-name"].rpartition(".")
                kind = getattr(import_module(module), name)
                return kind, getattr(kind, "conn_name_attr", "conn_id")
    if conn_type in _BUILT_IN:
        module, _, name = _BUILT_IN[conn_type].rpartition(".")
        kind = getattr(import_module(module), name)
        return kind, kind.conn_name_attr
    raise AirflowException(f"no installed provider package has a hook for connections of type {conn_type!r}")
