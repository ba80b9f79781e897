"""XComs of objects: those of well-known packages, and of classes that say themselves how they are written."""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from airflow._runtime.xcom_codec import NotSerializable, decode, encode, tagged

_PARQUET = "pandas.core.frame.DataFrame"


def name_of_class(kind: type) -> str:
    """Module and name."""
    return f"{kind.__module__}.{kind.__qualname__}"


def encode_object(value: Any, depth: int) -> Any:
    """An object as JSON; :class:`NotSerializable` if nobody knows how."""
    kind = type(value)
    name = name_of_class(kind)
    if isinstance(value, enum.Enum):
        return encode(value.value, depth)
    version = getattr(kind, "__version__", 0)
    if callable(getattr(value, "serialize", None)) and hasattr(kind, "deserialize"):
        return tagged(name, encode(value.serialize(), depth), version if isinstance(version, int) else 0)
    for package, writer in _WRITERS:
        if package in sys.modules:
            found = writer(value, name, depth)
            if found is not None:
                return found
    import dataclasses
    import decimal
    import os
    import uuid

    if isinstance(value, decimal.Decimal):
        return tagged("decimal.Decimal", str(value))
    if isinstance(value, uuid.UUID):
        return tagged("uuid.UUID", str(value))
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return tagged(name, encode(fields, depth), version)
    if hasattr(kind, "__attrs_attrs__"):
        fields = {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__ if field.init is not False}
        return tagged(name, encode(fields, depth), version)
    if (hasattr(value, "__iter__") and hasattr(value, "__next__")) or isinstance(value, (range, type({}.keys()))):
        return [encode(part, depth) for part in value]
    raise NotSerializable(f"a value of type {name} can't be an XCom; return plain data such as dicts, lists and texts")


def _numpy(value: Any, name: str, depth: int) -> Any:
    import numpy

    if isinstance(value, numpy.generic):
        return encode(value.item(), depth)
    if isinstance(value, numpy.ndarray):
        raise NotSerializable("a numpy array can't be an XCom; return array.tolist()")
    return None


def _pandas(value: Any, name: str, depth: int) -> Any:
    import pandas

    if value is pandas.NaT or value is getattr(pandas, "NA", None):
        return tagged("builtins.float", "nan")
    if not isinstance(value, pandas.DataFrame):
        return None
    import io

    buffer = io.BytesIO()
    try:
        value.to_parquet(buffer, compression="snappy")
    except ImportError as error:
        raise NotSerializable(f"a DataFrame as an XCom needs the package pyarrow: {error}") from None
    return tagged(_PARQUET, buffer.getvalue().hex())


def _pydantic(value: Any, name: str, depth: int) -> Any:
    dump = getattr(value, "model_dump", None)
    if not callable(dump) or not hasattr(type(value), "model_validate"):
        return None
    return tagged(name, encode(dump(mode="json"), depth))


def _kubernetes(value: Any, name: str, depth: int) -> Any:
    if not name.startswith("kubernetes.client.models.") or not hasattr(value, "openapi_types"):
        return None
    from kubernetes.client import ApiClient

    return tagged(name, ApiClient().sanitize_for_serialization(value))


def _zones(value: Any, name: str, depth: int) -> Any:
    import datetime as dt

    if not isinstance(value, dt.tzinfo):
        return None
    from airflow.sdk.timezone import timezone_name

    return tagged("zoneinfo.ZoneInfo", timezone_name(value))


# Package that must have been imported for such a value to exist, and what writes it.
_WRITERS: tuple[tuple[str, Callable[[Any, str, int], Any]], ...] = (
    ("numpy", _numpy),
    ("pandas", _pandas),
    ("pydantic", _pydantic),
    ("kubernetes", _kubernetes),
    ("datetime", _zones),
)


def decode_object(name: str, data: Any, version: int) -> Any:
    """The object of a class: a well-known one, or one that the configuration allows to be made from XComs."""
    reader = _READERS.get(name)
    if reader is not None:
        return reader(data)
    if not _is_allowed(name):
        raise ImportError(
            f"this XCom is of the class {name}, which [core] allowed_deserialization_classes does not allow"
        )
    import dataclasses

    kind = _class(name)
    known = getattr(kind, "__version__", 0)
    if isinstance(known, int) and isinstance(version, int) and version > max(known, 1):
        raise TypeError(f"this XCom is version {version} of the class {name}, and the class here is version {known}")
    if hasattr(kind, "deserialize"):
        return kind.deserialize(decode(data), version)
    if hasattr(kind, "model_validate"):
        return kind.model_validate(decode(data))
    if dataclasses.is_dataclass(kind) or hasattr(kind, "__attrs_attrs__"):
        return _with_fields(kind, decode(data))
    raise TypeError(f"an object of {name} can't be made from an XCom")


def _with_fields(kind: type, fields: Mapping[str, Any]) -> Any:
    attributes = {field.name: field.alias for field in getattr(kind, "__attrs_attrs__", ()) if hasattr(field, "alias")}
    return kind(**{attributes.get(name) or name: value for name, value in fields.items()})


def _class(name: str) -> Any:
    from importlib import import_module

    module, _, attribute = name.rpartition(".")
    while module:
        try:
            found: Any = import_module(module)
        except ModuleNotFoundError as error:
            # A class within a class: its name goes on where the module's ends.
            if not module.startswith(error.name or module) or "." not in module:
                raise
            module, _, outer = module.rpartition(".")
            attribute = f"{outer}.{attribute}"
            continue
        for part in attribute.split("."):
            found = getattr(found, part)
        return found
    raise ImportError(f"there is no class {name}")


def _is_allowed(name: str) -> bool:
    from airflow.configuration import conf

    patterns = (conf.get("core", "allowed_deserialization_classes", fallback="") or "").split()
    if any(
        re.fullmatch(pattern.replace(".", r"\.").replace("*", ".*").replace("?", "."), name) for pattern in patterns
    ):
        return True
    expressions = (conf.get("core", "allowed_deserialization_classes_regexp", fallback="") or "").split()
    return any(re.match(expression, name) for expression in expressions)


def _read_frame(data: str) -> Any:
    import io

    import pandas

    return pandas.read_parquet(io.BytesIO(bytes.fromhex(data)))


def _read_zone(data: Any) -> Any:
    from airflow.sdk.timezone import parse_timezone

    return parse_timezone(data[0] if isinstance(data, (list, tuple)) else data)


def _read_decimal(data: str) -> Any:
    from decimal import Decimal

    return Decimal(data)


def _read_uuid(data: str) -> Any:
    from uuid import UUID

    return UUID(data)


def _number(data: Any) -> Any:
    return data


_READERS: dict[str, Callable[[Any], Any]] = {
    "decimal.Decimal": _read_decimal,
    "uuid.UUID": _read_uuid,
    _PARQUET: _read_frame,
    "zoneinfo.ZoneInfo": _read_zone,
    "backports.zoneinfo.ZoneInfo": _read_zone,
    "pendulum.tz.timezone.Timezone": _read_zone,
    "pendulum.tz.timezone.FixedTimezone": _read_zone,
    **{
        f"numpy.{kind}": _number
        for kind in (
            *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
            *("bool", "bool_", "float16", "float32", "float64"),
        )
    },
}
