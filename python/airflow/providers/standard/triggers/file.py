"""Waiting for files to come or to go."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Hashable
from datetime import datetime
from glob import glob
from typing import Any

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

log = logging.getLogger(__name__)


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


class DirectoryFileDeleteTrigger(BaseEventTrigger):
    """Fires when ``filename`` is in ``directory``, and deletes it. Triggers of one folder look at it together."""

    def __init__(self, *, directory: str, filename: str, poke_interval: float = 5.0) -> None:
        super().__init__()
        self.directory = directory
        self.filename = filename
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The file, and how often to look."""
        return "airflow.providers.standard.triggers.file.DirectoryFileDeleteTrigger", {
            "directory": self.directory,
            "filename": self.filename,
            "poke_interval": self.poke_interval,
        }

    def shared_stream_key(self) -> Hashable | None:
        """The folder, however it is spelled, and how often to look."""
        return ("directory-scan", os.path.realpath(self.directory), self.poke_interval)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """The names in the folder, again and again; none while it is not there."""
        directory = kwargs["directory"]
        while True:
            try:
                names = set(await asyncio.to_thread(os.listdir, directory))
            except FileNotFoundError:
                names = set()
            except (PermissionError, NotADirectoryError):
                raise
            except OSError:
                log.warning("%s can't be listed; trying again", directory, exc_info=True)
                names = set()
            yield {"directory": directory, "names": names}
            await asyncio.sleep(kwargs["poke_interval"])

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Its own file."""
        async for found in shared_stream:
            if self.filename not in found["names"]:
                continue
            path = os.path.join(found["directory"], self.filename)
            try:
                os.remove(path)
            except FileNotFoundError:
                continue  # somebody else was faster
            self.log.info("File %s has been deleted", path)
            yield TriggerEvent({"filepath": path})
            return

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same, alone."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event
