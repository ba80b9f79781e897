"""XCom values as JSON. What JSON can say stays plain; other values are
``{"__classname__": ..., "__version__": 1, "__data__": ...}``, the form that Airflow 2.5 and later use."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

CLASS, VERSION, DATA = "__classname__", "__version__", "__data__"
_MAX_DEPTH = 200
# Stand for lists whose items are fetched as they are used.
_LAZY_LISTS = frozenset({"airflow.sdk.execution_time.lazy_sequence", "airflow.sdk.definitions._internal.items"})


class NotSerializable(TypeError):
    """The value can't be an XCom."""


def encode(value: Any, depth: int = 0) -> Any:
    """The value as JSON; :class:`NotSerializable` if that can't be done."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is int:
        if -(2**63) <= value < 2**64:
            return value
        return tagged("builtins.int", str(value))
    if kind is float:
        return value if math.isfinite(value) else tagged("builtins.float", repr(value))
    if depth > _MAX_DEPTH:
        raise NotSerializable("the value is nested too deep, or contains itself")
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    if kind is dict:
        return _encode_dict(value, depth)
    for check, convert in _ENCODERS:
        if isinstance(value, check):
            return convert(value, depth + 1)
    return _encode_object(value, depth + 1)


def _encode_dict(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    if CLASS in value or DATA in value:
        raise NotSerializable(f"a dict with the key {CLASS!r} or {DATA!r} can't be an XCom")
    return {key if type(key) is str else _key(key): encode(item, depth + 1) for key, item in value.items()}


def _key(key: Any) -> str:
    if isinstance(key, (str, int, float, bool)) or key is None:
        return str(getattr(key, "value", key))
    if isinstance(key, (dt.datetime, dt.date)):
        return key.isoformat()
    return str(key)


def tagged(name: str, data: Any, version: int = 1) -> dict[str, Any]:
    """A value that JSON has no form for."""
    return {CLASS: name, DATA: data, VERSION: version}


def _encode_datetime(value: dt.datetime, depth: int) -> dict[str, Any]:
    name = "pendulum.datetime.DateTime" if type(value).__module__.startswith("pendulum") else "datetime.datetime"
    zone = None if value.tzinfo is None else tagged("builtins.tuple", _zone(value.tzinfo))
    return tagged(name, {"timestamp": value.timestamp(), "tz": zone}, 2)


def _zone(zone: dt.tzinfo) -> list[Any]:
    """A time zone as Airflow writes it: its name or offset in seconds, its class, a version and whether it is known."""
    from airflow.sdk.timezone import timezone_name

    if isinstance(zone, dt.timezone) or type(zone).__name__ == "FixedTimezone":
        offset = zone.utcoffset(None)
        seconds = round(offset.total_seconds()) if offset is not None else 0
        return [seconds or "UTC", "pendulum.tz.timezone.FixedTimezone", 1, True]
    kind = type(zone).__module__.split(".")[0]
    path = "pendulum.tz.timezone.Timezone" if kind == "pendulum" else "zoneinfo.ZoneInfo"
    return [timezone_name(zone), path, 1, True]


def _encode_set(value: Any, depth: int) -> dict[str, Any]:
    items = [encode(item, depth) for item in value]
    return tagged(f"builtins.{type(value).__name__}", sorted(items, key=repr))


_ENCODERS: tuple[tuple[Any, Any], ...] = (
    (bool, lambda value, depth: bool(value)),
    (dt.datetime, _encode_datetime),
    (dt.date, lambda value, depth: tagged("datetime.date", value.isoformat(), 2)),
    (dt.time, lambda value, depth: tagged("datetime.time", value.isoformat())),
    (dt.timedelta, lambda value, depth: tagged("datetime.timedelta", value.total_seconds(), 2)),
    ((set, frozenset), _encode_set),
)


def _encode_object(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return str(getattr(value, "value", value))  # an enum of texts is the text
    if isinstance(value, int):
        return encode(int(value), depth)
    if isinstance(value, float):
        return encode(float(value), depth)
    if isinstance(value, tuple):
        return tagged("builtins.tuple", [encode(item, depth) for item in value])
    if isinstance(value, list):
        return [encode(item, depth) for item in value]
    if isinstance(value, Mapping):
        return _encode_dict(value, depth)
    if type(value).__module__ in _LAZY_LISTS:
        return [encode(item, depth) for item in value]
    if isinstance(value, (bytes, bytearray)):
        import base64

        return tagged("builtins.bytes", base64.b64encode(bytes(value)).decode("ascii"))
    from airflow._runtime.xcom_classes import encode_object

    return encode_object(value, depth)


def decode(value: Any) -> Any:
    """The reverse of :func:`encode`."""
    kind = type(value)
    if kind is list:
        return [decode(item) for item in value]
    if kind is not dict:
        return value
    name = value.get(CLASS)
    if name is None or DATA not in value:
        return {key: decode(item) for key, item in value.items()}
    reader = _DECODERS.get(name)
    data = value[DATA]
    if reader is not None:
        return reader(data)
    from airflow._runtime.xcom_classes import decode_object

    return decode_object(name, data, value.get(VERSION, 1))


# What Airflow's own module calls them.
serialize, deserialize = encode, decode


def _decode_datetime(data: Any) -> Any:
    if not isinstance(data, dict):
        return dt.datetime.fromtimestamp(float(data), tz=dt.timezone.utc)
    zone = data.get("tz")
    if isinstance(zone, dict):
        zone = zone.get(DATA)
    if isinstance(zone, (list, tuple)):  # with the zone's class behind its name
        zone = zone[0] if zone[0] != "" else "UTC"
    if zone is None:
        return dt.datetime.fromtimestamp(float(data["timestamp"]))
    return dt.datetime.fromtimestamp(float(data["timestamp"]), tz=_zone_of(zone))


def _zone_of(name: Any) -> dt.tzinfo:
    if name == "UTC":
        return dt.timezone.utc
    if isinstance(name, (int, float)):
        return dt.timezone(dt.timedelta(seconds=name))
    from airflow.sdk.timezone import parse_timezone

    return parse_timezone(name)


def _decode_pendulum(data: Any) -> Any:
    import pendulum

    return pendulum.instance(_decode_datetime(data))


def _decode_bytes(data: str) -> bytes:
    import base64

    return base64.b64decode(data)


_DECODERS: dict[str, Any] = {
    "builtins.tuple": lambda data: tuple(decode(item) for item in data),
    "builtins.set": lambda data: {decode(item) for item in data},
    "builtins.frozenset": lambda data: frozenset(decode(item) for item in data),
    "builtins.int": int,
    "builtins.float": float,
    "builtins.bytes": _decode_bytes,
    "datetime.datetime": _decode_datetime,
    "pendulum.datetime.DateTime": _decode_pendulum,
    "datetime.date": dt.date.fromisoformat,
    "pendulum.date.Date": dt.date.fromisoformat,
    "datetime.time": dt.time.fromisoformat,
    "datetime.timedelta": lambda data: dt.timedelta(seconds=float(data)),
}
