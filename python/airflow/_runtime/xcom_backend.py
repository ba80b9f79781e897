"""XComs by way of ``[core] xcom_backend``: a class of the author's that changes what is stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from airflow._runtime.xcom_codec import decode, encode

_OURS = frozenset(
    {
        "",
        "airflow.models.xcom.BaseXCom",
        "airflow.models.xcom.XCom",
        "airflow.sdk.bases.xcom.BaseXCom",
        "airflow.sdk.execution_time.xcom.BaseXCom",
    }
)
_VERBATIM = "__json__"  # the only key of a value that travels as text
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
    """What the server keeps of a value, as it travels there."""
    return to_wire(_to_store(value, key, dag_id, run_id, task_id, map_index))


def to_wire(stored: Any) -> Any:
    """JSON as it travels: the server sorts keys and rounds long fractions; what that would change travels as text."""
    if type(stored) in (dict, list, float) and not _survives(stored):
        import json

        return {_VERBATIM: json.dumps(stored, ensure_ascii=False, separators=(",", ":"))}
    return stored


def from_wire(value: Any) -> Any:
    """JSON that has travelled."""
    if type(value) is dict and len(value) == 1 and type(value.get(_VERBATIM)) is str:
        import json

        return json.loads(value[_VERBATIM])
    return value


def _survives(stored: Any) -> bool:
    if type(stored) is float:
        return len(repr(stored)) <= 15  # longer ones are not read to the last digit
    if type(stored) is list:
        return all(_survives(item) for item in stored if type(item) in (dict, list, float))
    before = ""
    for key, item in stored.items():
        if key < before or (type(item) in (dict, list, float) and not _survives(item)):
            return False
        before = key
    return _VERBATIM not in stored


def _to_store(value: Any, key: str, dag_id: str, run_id: str, task_id: str, map_index: int) -> Any:
    kind = backend()
    if kind is None:
        return encode(value)
    from airflow._runtime.arguments import accepted

    place = {"key": key, "dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    stored = kind.serialize_value(value, **accepted(kind.serialize_value, (value,), place))
    # Backends written for Airflow 2 give bytes, which the database kept; here it keeps JSON.
    return stored.decode("utf-8") if isinstance(stored, (bytes, bytearray)) else stored


def from_store(value: Any, key: str = "return_value") -> Any:
    """The value of what the server kept."""
    kind = backend()
    value = from_wire(value)
    return decode(value) if kind is None else kind.deserialize_value(Stored(key, value))


def forget(value: Any, key: str) -> None:
    """A stored value is about to be deleted: let the backend delete what it keeps elsewhere."""
    kind = backend()
    if kind is not None and hasattr(kind, "purge"):
        kind.purge(Stored(key, from_wire(value)))
