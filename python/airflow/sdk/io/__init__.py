"""Files on disks and in object stores under one interface."""

from __future__ import annotations

from typing import Any

_HOMES = {
    "ObjectStoragePath": "airflow.sdk.io.path",
    "ObjectStore": "airflow.sdk.io.store",
    "attach": "airflow.sdk.io.store",
    "get_fs": "airflow.sdk.io.fs",
    "has_fs": "airflow.sdk.io.fs",
    "Properties": "airflow.sdk.io.fs",
}
__all__ = [*sorted(_HOMES)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    from airflow._aliases import submodule

    return submodule(__name__, name)
