"""Waiting for a file."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from glob import glob
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator


class FileSensor(BaseSensorOperator):
    """Waits until a file (or a folder with files in it) matches ``filepath``, below the connection's path."""

    template_fields: Sequence[str] = ("filepath",)
    ui_color = "#91818a"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        fs_conn_id: str = "fs_default",
        recursive: bool = False,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filepath = filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive

    @property
    def path(self) -> str:
        """The whole path."""
        path = os.fspath(self.filepath)
        if os.path.isabs(path) and self.fs_conn_id == "fs_default":
            return path
        from airflow.providers.standard.hooks.filesystem import FSHook

        return os.path.join(FSHook(self.fs_conn_id).get_path(), path)

    def poke(self, context: Any) -> bool:
        """Whether it is there."""
        self.log.info("Poking for file %s", self.path)
        for path in glob(self.path, recursive=self.recursive):
            if os.path.isfile(path):
                changed = datetime.datetime.fromtimestamp(os.path.getmtime(path)).strftime("%Y%m%d%H%M%S")
                self.log.info("Found File %s last modified: %s", path, changed)
                return True
            if any(files for _, _, files in os.walk(path)):
                return True
        return False
