"""Variables: small pieces of text (or JSON) kept by the server."""

from __future__ import annotations

import json
from typing import Any

_UNSET = object()


class Variable:
    """A variable. ``Variable.get`` asks the secrets backend, then ``AIRFLOW_VAR_<KEY>``, then the server."""

    def __init__(
        self, key: str | None = None, val: Any = None, description: str | None = None, value: Any = None
    ) -> None:
        self.key = key
        self.val = val if val is not None else value
        self.description = description

    @property
    def value(self) -> Any:
        """The value."""
        return self.val

    def get_val(self) -> Any:
        """The value."""
        return self.val

    @classmethod
    def get(
        cls,
        key: str,
        default: Any = _UNSET,
        deserialize_json: bool = False,
        *,
        default_var: Any = _UNSET,
        **kwargs: Any,
    ) -> Any:
        """The variable's value; the default, or a ``KeyError``, if there is none."""
        fallback = default if default_var is _UNSET else default_var
        text = _find(key)
        if text is None:
            if fallback is not _UNSET:
                return fallback
            raise KeyError(f"Variable {key} does not exist")
        from airflow._runtime.secrets import is_sensitive
        from airflow._runtime.supervisor import mask

        value = json.loads(text) if deserialize_json else text
        if is_sensitive(key):
            mask(text, value)
        elif deserialize_json and isinstance(value, dict):
            mask(*(item for name, item in value.items() if is_sensitive(name)))
        return value

    @classmethod
    def setdefault(cls, key: str, default: Any, description: str | None = None, deserialize_json: bool = False) -> Any:
        """The variable's value; set to the default if there is none."""
        found = cls.get(key, None, deserialize_json)
        if found is not None:
            return found
        if default is None:
            raise ValueError("setdefault needs a default that is not None")
        cls.set(key, default, description, serialize_json=deserialize_json)
        return default

    @staticmethod
    def set(key: str, value: Any, description: str | None = None, serialize_json: bool = False, **kwargs: Any) -> None:
        """Store a variable."""
        from airflow._runtime import supervisor

        text = json.dumps(value, indent=2) if serialize_json else str(value)
        supervisor.call("variable_set", key=key, value=text, description=description)

    @classmethod
    def update(cls, key: str, value: Any, serialize_json: bool = False, **kwargs: Any) -> None:
        """Store a variable that exists already."""
        if _find(key) is None:
            raise KeyError(f"Variable {key} does not exist")
        cls.set(key, value, serialize_json=serialize_json)

    @staticmethod
    def delete(key: str, **kwargs: Any) -> int:
        """Forget a variable; how many there were."""
        from airflow._runtime import supervisor
        from airflow._runtime.wire import CallError

        try:
            supervisor.call("variable_delete", key=key)
        except CallError as error:
            if error.code == "not_found":
                return 0
            raise
        return 1

    def __repr__(self) -> str:
        return f"<Variable {self.key}>"


def _find(key: str) -> str | None:
    from airflow._runtime.secrets_path import variable

    return variable(key)
