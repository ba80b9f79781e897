"""Which filesystem serves a scheme: the local one, those of provider packages, and those that fsspec has itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowException

Properties = dict  # options of a filesystem
_LOCAL = frozenset({"", "file", "local"})


@functools.cache
def _of_providers() -> dict[str, Callable[..., Any]]:
    """Scheme to the ``get_fs`` of the provider package that serves it."""
    from importlib import import_module

    from airflow._provider_infos import infos

    found: dict[str, Callable[..., Any]] = {}
    for info in infos():
        for path in info.get("filesystems") or ():
            module = import_module(path)
            for scheme in module.schemes:
                found[scheme] = module.get_fs
    return found


def has_fs(scheme: str) -> bool:
    """Whether something serves a scheme."""
    return scheme in _LOCAL or scheme in _of_providers() or _fsspec_has(scheme)


def _fsspec_has(scheme: str) -> bool:
    try:
        from fsspec import available_protocols
    except ImportError:
        return False
    return scheme in available_protocols()


def get_fs(scheme: str, conn_id: str | None = None, storage_options: Mapping[str, Any] | None = None) -> Any:
    """The filesystem of a scheme, with the login of a connection."""
    options = dict(storage_options or {})
    if scheme in _LOCAL:
        return _local(options)
    maker = _of_providers().get(scheme)
    if maker is not None:
        import inspect

        # Filesystems of older packages take no options.
        takes_options = len(inspect.signature(maker).parameters) > 1
        return maker(conn_id, options) if takes_options else maker(conn_id)
    if not _fsspec_has(scheme):
        raise ValueError(
            f"No filesystem registered for scheme {scheme!r}: install the provider package of that store "
            "(for s3 that is apache-airflow-providers-amazon[s3fs]) or fsspec with what it needs for it"
        )
    if conn_id:
        raise AirflowException(
            f"the filesystem of scheme {scheme!r} is fsspec's own, which knows nothing of connection {conn_id!r}; "
            "give its login as storage options"
        )
    import fsspec

    return fsspec.filesystem(scheme, **options)


def _local(options: dict[str, Any]) -> Any:
    try:
        from fsspec.implementations.local import LocalFileSystem
    except ImportError:
        from airflow.sdk.io.local import LocalFiles

        return LocalFiles()
    return LocalFileSystem(**{"auto_mkdir": False, **options})
