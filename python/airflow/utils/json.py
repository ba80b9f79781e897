"""JSON of values that JSON does not have: times and numbers as text, and XCom values as they are kept."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any


class WebEncoder(json.JSONEncoder):
    """Times as ISO 8601, decimals as numbers, sets and tuples as lists."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_nan", False)
        super().__init__(*args, **kwargs)

    def default(self, o: Any) -> Any:
        """What stands for a value that JSON does not have."""
        if isinstance(o, datetime):
            return o.isoformat().replace("+00:00", "Z")
        if isinstance(o, date):
            return o.strftime("%Y-%m-%d")
        if isinstance(o, Decimal):
            return int(o) if o.as_tuple().exponent == 0 else float(o)
        if isinstance(o, (set, frozenset, tuple)):
            return list(o)
        if isinstance(o, bytes):
            return o.decode("utf-8", errors="replace")
        return super().default(o)


AirflowJsonEncoder = WebEncoder


class XComEncoder(json.JSONEncoder):
    """Writes a value as XComs are kept."""

    def encode(self, o: Any) -> str:
        """The text of a value."""
        from airflow._runtime.xcom_codec import encode

        return super().encode(encode(o))

    def default(self, o: Any) -> Any:
        """What stands for a value that JSON does not have."""
        from airflow._runtime.xcom_codec import encode

        return encode(o)


class XComDecoder(json.JSONDecoder):
    """Reads what :class:`XComEncoder` wrote."""

    def decode(self, s: str, *args: Any, **kwargs: Any) -> Any:
        """The value of a text."""
        from airflow._runtime.xcom_codec import decode

        return decode(super().decode(s, *args, **kwargs))
