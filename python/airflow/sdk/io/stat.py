"""What ``stat`` tells of an object."""

from __future__ import annotations

from datetime import datetime
from stat import S_IFDIR, S_IFREG
from typing import Any


class stat_result(dict[str, Any]):
    """A filesystem's facts by name, and as the attributes that ``os.stat`` has."""

    def __init__(self, info: dict[str, Any], protocol: str | None = None, conn_id: str | None = None) -> None:
        super().__init__(info)
        self["protocol"], self["conn_id"] = protocol, conn_id

    @property
    def st_size(self) -> int:
        """Bytes."""
        return self.get("size") or 0

    @property
    def st_mtime(self) -> float:
        """When it was changed last; 0 if the store does not say."""
        for name in ("mtime", "LastModified", "last_modified", "updated", "modified", "timestamp", "created"):
            found = self.get(name)
            if isinstance(found, datetime):
                return found.timestamp()
            if isinstance(found, (int, float)):
                return found
            if isinstance(found, str):
                return datetime.fromisoformat(found.replace("Z", "+00:00")).timestamp()
        return 0

    @property
    def st_mode(self) -> int:
        """The kind of file; its permissions where there are any."""
        if "mode" in self:
            number: int = self["mode"]
            return number
        return S_IFDIR if self.get("type") == "directory" else S_IFREG

    def __getattr__(self, name: str) -> Any:
        if name.startswith("st_"):
            return 0
        raise AttributeError(name)
