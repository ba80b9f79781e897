"""The handler that log handlers of providers derive from: a task's log in a file of its own.

Tradewind writes and reads the logs of tasks itself; code that makes a handler of its own gets one that works.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

LogMessages = list
LogSourceInfo = list
LogResponse = tuple[Any, ...]
StreamingLogResponse = tuple[Any, ...]
RawLogStream = Iterator


@dataclass
class StructuredLogMessage:
    """A line of a log."""

    event: str
    timestamp: datetime | None = None
    #: Everything else that the line has.
    fields: dict[str, Any] = field(default_factory=dict)

    def __init__(self, event: str, timestamp: datetime | str | None = None, **fields: Any) -> None:
        self.event = event
        self.timestamp = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else timestamp
        self.fields = fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.__dict__.get("fields", {}):
            raise AttributeError(name)
        return self.fields[name]

    def model_dump(self, **kwargs: Any) -> dict[str, Any]:
        """Everything that the line has."""
        return {"event": self.event, "timestamp": self.timestamp, **self.fields}


class LogMetadata(dict[str, Any]):
    """What a reader of logs gets besides the lines."""


class FileTaskHandler(logging.Handler):
    """Writes to ``<base_log_folder>/<path of the try>``, opened by :meth:`set_context`."""

    trigger_should_wrap = True

    def __init__(
        self,
        base_log_folder: str,
        max_bytes: int = 0,
        backup_count: int = 0,
        delay: bool = False,
        filename_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.local_base = base_log_folder
        self.max_bytes = max_bytes
        self.backup_count = backup_count
        self.delay = delay
        self.filename_template = filename_template
        self.handler: logging.FileHandler | None = None
        self.maintain_propagate = False
        self.ctx_task_deferred = False

    def _render_filename(self, ti: Any, try_number: int, session: Any = None) -> str:
        """Path of a try's log below the folder."""
        from airflow.configuration import conf

        text = self.filename_template or conf.get("logging", "log_filename_template", fallback=None)
        if not text:
            text = "dag_id={{ ti.dag_id }}/run_id={{ ti.run_id }}/task_id={{ ti.task_id }}/attempt={{ try_number }}.log"
        if "{{" in text:
            from airflow.utils.helpers import parse_template_string

            _, template = parse_template_string(text)
            date = getattr(ti, "logical_date", None)
            rendered: str = template.render(ti=ti, ts=date.isoformat() if date else ti.run_id, try_number=try_number)
            return rendered
        return str(text).format(dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, try_number=try_number)

    def set_context(self, ti: Any, *, identifier: str | None = None) -> bool | None:
        """Open the log of a task instance's try."""
        path = self._init_file(ti, identifier=identifier)
        if self.max_bytes > 0:
            from logging.handlers import RotatingFileHandler

            self.handler = RotatingFileHandler(
                path, encoding="utf-8", maxBytes=self.max_bytes, backupCount=self.backup_count, delay=self.delay
            )
        else:
            self.handler = logging.FileHandler(path, encoding="utf-8", delay=self.delay)
        if self.formatter:
            self.handler.setFormatter(self.formatter)
        self.handler.setLevel(self.level)
        return None

    def _init_file(self, ti: Any, *, identifier: str | None = None) -> str:
        name = self._render_filename(ti, ti.try_number)
        path = Path(self.local_base, f"{name}.{identifier}.log" if identifier else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fspath(path)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, once there is a log."""
        if self.handler is not None:
            self.handler.emit(record)

    def flush(self) -> None:
        """Have everything in the file."""
        if self.handler is not None:
            self.handler.flush()

    def close(self) -> None:
        """End the log."""
        if self.handler is not None:
            self.handler.close()
        super().close()

    def read(self, task_instance: Any, try_number: int | None = None, metadata: Any = None) -> tuple[Any, Any]:
        """The lines of a try's log that are on this machine."""
        number = try_number or task_instance.try_number
        path = Path(self.local_base, self._render_filename(task_instance, number))
        lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
        return [StructuredLogMessage(event=line) for line in lines], {"end_of_log": True}

    def _read_remote_logs(self, ti: Any, try_number: int, metadata: Any = None) -> tuple[Iterable[str], Iterable[str]]:
        """Hook: logs that are somewhere else."""
        raise NotImplementedError
