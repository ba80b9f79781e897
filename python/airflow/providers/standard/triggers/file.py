"""Waiting for files to come or to go."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime
from glob import glob
from typing import Any

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent


class FileTrigger(BaseTrigger):
    """Fires when a file (or a folder with files in it) matches ``filepath``."""

    def __init__(self, filepath: str, recursive: bool = False, poke_interval: float = 5.0, **kwargs: Any) -> None:
        super().__init__()
        self.filepath = filepath
        self.recursive = recursive
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The pattern, and how often to look."""
        return "airflow.providers.standard.triggers.file.FileTrigger", {
            "filepath": self.filepath,
            "recursive": self.recursive,
            "poke_interval": self.poke_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until something is there."""
        while True:
            for path in glob(self.filepath, recursive=self.recursive):
                if os.path.isfile(path):
                    changed = datetime.fromtimestamp(os.path.getmtime(path)).strftime("%Y%m%d%H%M%S")
                    self.log.info("Found file %s last modified: %s", path, changed)
                    yield TriggerEvent(True)
                    return
                if any(files for _, _, files in os.walk(path)):
                    yield TriggerEvent(True)
                    return
            await asyncio.sleep(self.poke_interval)


class FileDeleteTrigger(BaseEventTrigger):
    """Fires when ``filepath`` is there, and deletes it."""

    def __init__(self, filepath: str, poke_interval: float = 5.0, **kwargs: Any) -> None:
        super().__init__()
        self.filepath = filepath
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The file, and how often to look."""
        return "airflow.providers.standard.triggers.file.FileDeleteTrigger", {
            "filepath": self.filepath,
            "poke_interval": self.poke_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it is there."""
        while not os.path.isfile(self.filepath):
            await asyncio.sleep(self.poke_interval)
        changed = datetime.fromtimestamp(os.path.getmtime(self.filepath)).strftime("%Y%m%d%H%M%S")
        self.log.info("Found file %s last modified: %s", self.filepath, changed)
        os.remove(self.filepath)
        self.log.info("File %s has been deleted", self.filepath)
        yield TriggerEvent(True)
