"""XComs by way of ``[core] xcom_backend``: a class of the author's that changes what is stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from airflow._runtime.xcom_codec import NotSerializable, decode, encode

_OURS = frozenset(
    {
        "",
        "airflow.models.xcom.BaseXCom",
        "airflow.models.xcom.XCom",
        "airflow.sdk.bases.xcom.BaseXCom",
        "airflow.sdk.execution_time.xcom.BaseXCom",
    }
)
_known: tuple[str, Any] = ("", None)


class Stored(NamedTuple):
    """What a backend's ``deserialize_value`` gets: key and stored value."""

    key: str
    value: Any


def is_custom() -> bool:
    """Whether the configuration names a class of the author's."""
    from airflow.configuration import conf

    return (conf.get("core", "xcom_backend", fallback="") or "") not in _OURS


def backend() -> Any:
    """The class that the configuration names, or None for the usual way."""
    global _known
    from airflow.configuration import conf

    path = conf.get("core", "xcom_backend", fallback="") or ""
    if path in _OURS:
        return None
    if _known[0] != path:
        from airflow.sdk.bases.xcom import BaseXCom
        from airflow.sdk.exceptions import AirflowConfigException
        from airflow.utils.module_loading import import_string

        try:
            kind = import_string(path)
        except ImportError as error:
            raise AirflowConfigException(
                f"[core] xcom_backend names {path!r}, which can't be imported: {error}"
            ) from error
        if not (isinstance(kind, type) and issubclass(kind, BaseXCom)):
            raise AirflowConfigException(f"[core] xcom_backend names {path!r}, which is not a subclass of BaseXCom")
        _known = (path, kind)
    return _known[1]


def to_store(value: Any, key: str, dag_id: str, run_id: str, task_id: str, map_index: int) -> Any:
    """What the server keeps of a value: JSON."""
    kind = backend()
    if kind is None:
        return encode(value)
    from airflow._runtime.arguments import accepted

    place = {"key": key, "dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    stored = kind.serialize_value(value, **accepted(kind.serialize_value, (value,), place))
    # Backends written for Airflow 2 give bytes, which the database kept; here it keeps JSON.
    return stored.decode("utf-8") if isinstance(stored, (bytes, bytearray)) else _checked(stored)


def _checked(stored: Any) -> Any:
    """What a backend made, if JSON that others read can say it: they have no longer numbers."""
    if isinstance(stored, int) and not -(2**63) <= stored < 2**64:
        raise NotSerializable("the XCom backend stores a whole number of more than 64 bits; store its text instead")
    for part in stored.values() if isinstance(stored, dict) else stored if isinstance(stored, (list, tuple)) else ():
        _checked(part)
    return stored


def from_store(value: Any, key: str = "return_value") -> Any:
    """The value of what the server kept."""
    kind = backend()
    return decode(value) if kind is None else kind.deserialize_value(Stored(key, value))


def forget_earlier_tries(ti: Any) -> None:
    """The XComs of earlier tries go: the server leaves that to us where a backend keeps values elsewhere."""
    if ti.try_number <= 1 or ti.resume is not None or ti.task_reschedule_count or backend() is None:
        return
    from airflow._runtime import supervisor

    index = ti.map_index if ti.map_index >= 0 else None
    for key in supervisor.call("xcom_keys"):
        if not key.startswith("_link_"):  # the backend has no part in those
            stored = supervisor.call_or_none("xcom_get", key=key, task_id=ti.task_id, map_index=index)
            if stored is not None:
                forget(stored, key)
        supervisor.call("xcom_delete", key=key)


def forget(value: Any, key: str) -> None:
    """A stored value is about to be deleted: let the backend delete what it keeps elsewhere."""
    kind = backend()
    if kind is not None and hasattr(kind, "purge"):
        kind.purge(Stored(key, value))
