"""The search path of variables and connections: the configured backend, then the environment, then the server."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("airflow.secrets")

_UNREAD: Any = object()
_known: tuple[Any, Any] = (_UNREAD, None)  # what the configuration says, and the backend made of it


def custom_backend() -> Any:
    """The backend that ``[secrets] backend`` (in workers, before that ``[workers] secrets_backend``) names, or None.

    Made once for each process, and anew when the configuration says something else.
    """
    global _known
    from airflow.configuration import conf

    for section, prefix in (("workers", "secrets_backend"), ("secrets", "backend")):
        path = conf.get(section, prefix, fallback="")
        if path:
            said = (path, conf.get(section, f"{prefix}_kwargs", fallback="") or "{}")
            break
    else:
        said = None
    if _known[0] != said:
        _known = (said, None if said is None else _make(*said))
    return _known[1]


def _make(path: str, kwargs: str) -> Any:
    import json

    from airflow.sdk.exceptions import AirflowConfigException
    from airflow.utils.module_loading import import_string

    try:
        arguments = json.loads(kwargs)
        if not isinstance(arguments, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise AirflowConfigException(f"[secrets] backend_kwargs is not a JSON object: {error}") from None
    try:
        return import_string(path)(**arguments)
    except ImportError as error:
        raise AirflowConfigException(
            f"[secrets] backend names {path!r}, which can't be imported: {error}; install its provider package"
        ) from error


def connection(conn_id: str) -> Any:
    """A connection, or None."""
    for backend in _path():
        try:
            found = backend.get_connection(conn_id=conn_id)
        except Exception as error:
            _unreachable(backend, f"connection {conn_id!r}", error)
            continue
        if found is not None:
            return found
    return None


def variable(key: str) -> str | None:
    """A variable's text, or None."""
    for backend in _path():
        try:
            found: str | None = backend.get_variable(key=key)
        except Exception as error:
            _unreachable(backend, f"variable {key!r}", error)
            continue
        if found is not None:
            return found
    return None


def _path() -> Any:
    custom = custom_backend()
    if custom is not None:
        yield custom
    from airflow.secrets.environment_variables import EnvironmentVariablesBackend
    from airflow.secrets.metastore import MetastoreBackend

    yield EnvironmentVariablesBackend()
    yield MetastoreBackend()


def _unreachable(backend: Any, what: str, error: Exception) -> None:
    """The next backend is asked when one can't answer; what the server says and what can't be read is final."""
    if type(backend).__module__ in ("airflow.secrets.metastore", "airflow.secrets.environment_variables"):
        raise error
    log.exception("Unable to retrieve %s from secrets backend %s; the next one is asked", what, type(backend).__name__)
