"""Any Python value as JSON that is the same in every process: no addresses, sets sorted, callables by name."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import json
import math
import os
from collections.abc import Mapping
from typing import Any

_MODULE_PREFIX = "unusual_prefix_"


def instant(value: dt.datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    if value is None:
        return None
    if value.tzinfo is None:
        from airflow.sdk.timezone import default_tzinfo

        value = value.replace(tzinfo=default_tzinfo())
    return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def seconds(value: dt.timedelta | None) -> float | None:
    """A span as a number of seconds."""
    return None if value is None else value.total_seconds()


def name_of(function: Any) -> str:
    """A callable's or class's name; functions of DAG files without the made-up module name."""
    if isinstance(function, functools.partial):
        return f"partial({name_of(function.func)})"
    module = getattr(function, "__module__", None) or ""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if name is None:
        return name_of(type(function))
    if module.startswith(_MODULE_PREFIX):
        module = module.split("_", 3)[-1]
    return f"{module}.{name}" if module else name


def plain(value: Any) -> Any:
    """The value as JSON as far as JSON can say it; other objects as the name of their class."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str or kind is int:
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, Mapping):
        raw = value.items_raw() if hasattr(value, "items_raw") else value.items()
        return {key if type(key) is str else str(plain(key)): plain(item) for key, item in raw}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return _object(value)


def _object(value: Any) -> Any:
    if getattr(value, "is_reference", False):
        return str(value) if hasattr(value, "operator") else f"<{type(value).__name__}>"
    if type(value).__name__ in ("ArgNotSet", "LazyXComSequence", "SetDuringExecution"):
        return repr(value)
    for method in ("dump", "as_expression"):
        convert = getattr(value, method, None)
        if convert is not None and type(value).__module__.startswith("airflow."):
            return plain(convert())
    if (callable(value) and hasattr(value, "__qualname__")) or isinstance(value, functools.partial):
        return f"<callable {name_of(value)}>"
    return f"<{name_of(type(value))}>"


def canonical(document: Any) -> bytes:
    """JSON with sorted keys and no space."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
