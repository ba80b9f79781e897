"""What counts as a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

_SENSITIVE = (
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxies",
    "secret",
    "token",
    "keyfile_dict",
    "service_account",
)
_MIN_LENGTH = 5  # shorter texts would blot out half of a log


@cache
def _names() -> tuple[str, ...]:
    from airflow.configuration import conf

    extra = conf.get("core", "sensitive_var_conn_names", fallback="") or ""
    return (*_SENSITIVE, *(name.strip().lower() for name in extra.split(",") if name.strip()))


def is_sensitive(name: Any) -> bool:
    """Whether a value under this name is to be hidden."""
    if not isinstance(name, str):
        return False
    from airflow.configuration import conf

    if not conf.getboolean("core", "hide_sensitive_var_conn_fields", fallback=True):
        return False
    lowered = name.strip().lower()
    return any(part in lowered for part in _names())


def worth_masking(value: Any) -> Iterable[str]:
    """The texts in a value that are long enough to be hidden."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) >= _MIN_LENGTH and text.lower() not in ("true", "false", "airflow", "none"):
            yield text
            import json

            escaped = json.dumps(text)[1:-1]
            if escaped != text:
                yield escaped
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from worth_masking(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from worth_masking(item)


def redact(value: Any, name: str | None = None, depth: int = 5) -> Any:
    """A copy with ``***`` in the place of values under sensitive names, and of known secrets."""
    from airflow._runtime.supervisor import masked

    if name is not None and is_sensitive(name) and value is not None:
        if isinstance(value, Mapping):
            return {key: redact(item, name, depth - 1) for key, item in value.items()}
        return "***" if value != "" else value
    if isinstance(value, str):
        return masked(value)
    if depth <= 0:
        return value
    if isinstance(value, Mapping):
        return {key: redact(item, key if isinstance(key, str) else None, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(item, None, depth - 1) for item in value]
    return value
