"""Waiting for a file."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from glob import glob
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator, default_deferrable
from airflow.sdk.exceptions import AirflowException
from airflow.triggers.base import StartTriggerArgs


class FileSensor(BaseSensorOperator):
    """Waits until a file (or a folder with files in it) matches ``filepath``, below the connection's path."""

    template_fields: Sequence[str] = ("filepath", "fs_conn_id")
    ui_color = "#91818a"
    start_trigger_args = StartTriggerArgs(
        trigger_cls="airflow.providers.standard.triggers.file.FileTrigger",
        trigger_kwargs={},
        next_method="execute_complete",
    )
    start_from_trigger = False

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        fs_conn_id: str = "fs_default",
        recursive: bool = False,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filepath = filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.start_from_trigger = start_from_trigger and self.deferrable
        if self.start_from_trigger:
            self.start_trigger_args = dataclasses.replace(
                self.start_trigger_args,
                timeout=datetime.timedelta(seconds=self.timeout),
                trigger_kwargs={
                    "filepath": self.path,
                    "recursive": self.recursive,
                    "poke_interval": self.poke_interval,
                },
            )

    def execute(self, context: Any) -> Any:
        """Look; wait in the triggerer if it is to be deferrable."""
        if not self.deferrable:
            return super().execute(context)
        if not self.poke(context):
            from airflow.providers.standard.triggers.file import FileTrigger

            self.defer(
                trigger=FileTrigger(filepath=self.path, recursive=self.recursive, poke_interval=self.poke_interval),
                method_name="execute_complete",
                timeout=datetime.timedelta(seconds=self.timeout),
            )
        return None

    def execute_complete(self, context: Any, event: bool | None = None) -> None:
        """It is there."""
        if not event:
            raise AirflowException(f"{self.task_id} task failed as {self.filepath} not found.")
        self.log.info("%s completed successfully as %s found.", self.task_id, self.filepath)

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
