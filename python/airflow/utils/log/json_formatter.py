"""Log records as lines of JSON."""

from __future__ import annotations

import json
import logging
from typing import Any


class JSONFormatter(logging.Formatter):
    """Writes the named fields of a record, and ``extras``, as one JSON object."""

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: Any = "%",
        json_fields: list[str] | None = None,
        extras: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(fmt, datefmt, style)
        self.json_fields = json_fields or []
        self.extras = extras or {}

    def usesTime(self) -> bool:
        """True: a line may have the time."""
        return True

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        super().format(record)
        fields: dict[str, Any] = {name: getattr(record, name, None) for name in self.json_fields}
        if "message" in fields and record.exc_text:
            fields["message"] = f"{record.message}\n{record.exc_text}"
        return json.dumps({**fields, **self.extras}, ensure_ascii=False, default=str)
