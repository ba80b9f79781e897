"""A folder as a connection."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk.bases.hook import BaseHook


class FSHook(BaseHook):
    """The path in a connection's extra: ``{"path": "/data"}``."""

    conn_name_attr = "fs_conn_id"
    default_conn_name = "fs_default"
    conn_type = "fs"
    hook_name = "File (path)"

    def __init__(self, fs_conn_id: str = default_conn_name, conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.basepath = self.get_connection(conn_id or fs_conn_id).extra_dejson.get("path", "")
        self.conn = self.basepath

    def get_conn(self) -> None:
        """There is nothing to open."""

    def get_path(self) -> str:
        """The path."""
        text: str = self.basepath
        return text

    def test_connection(self) -> tuple[bool, str]:
        """Whether the path exists."""
        if not self.basepath:
            return False, "File Path is undefined."
        if not os.path.exists(self.basepath):
            return False, f"Path {self.basepath} does not exist."
        return True, f"Path {self.basepath} is existing."
