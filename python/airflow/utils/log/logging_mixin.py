"""A logger as an attribute."""

from __future__ import annotations

import logging
import re
from typing import Any

_ESCAPES = re.compile(r"\x1B(?:[@-Z\\-_]|\[[0-?]*[ -/]*[@-~])")


def remove_escape_codes(text: str) -> str:
    """The text without a terminal's colours and movements."""
    return _ESCAPES.sub("", text)


class LoggingMixin:
    """Gives ``self.log``, a logger named after the class."""

    _log: logging.Logger | None = None
    _log_config_logger_name: str | None = None
    _logger_name: str | None = None

    def __init__(self, context: Any = None) -> None:
        self._set_context(context)

    @classmethod
    def _get_log(cls, obj: Any, clazz: type) -> logging.Logger:
        known = obj.__dict__.get("_log") if hasattr(obj, "__dict__") else None
        if known is None:
            name = obj._logger_name or f"{clazz.__module__}.{clazz.__name__}"
            if obj._log_config_logger_name:
                name = f"{obj._log_config_logger_name}.{name}"
            known = logging.getLogger(name)
            if not isinstance(obj, type):
                obj._log = known
        return known

    @classmethod
    def logger(cls) -> logging.Logger:
        """The class's logger."""
        return cls._get_log(cls, cls)

    @property
    def log(self) -> logging.Logger:
        """The object's logger."""
        return self._get_log(self, type(self))

    def _set_context(self, context: Any) -> None:
        """Hook: the task instance that is logged for."""


class ExternalLoggingMixin:
    """Of log handlers whose logs are shown somewhere else."""

    @property
    def log_name(self) -> str:
        """What the other place is called."""
        raise NotImplementedError

    def get_external_log_url(self, task_instance: Any, try_number: int) -> str:
        """Where a try's log is shown."""
        raise NotImplementedError

    @property
    def supports_external_link(self) -> bool:
        """Whether there is such a place."""
        raise NotImplementedError


class StreamLogWriter:
    """A file-like object that logs what is written to it."""

    encoding = None

    def __init__(self, logger: logging.Logger, level: int) -> None:
        self.logger, self.level, self._buffer = logger, level, ""

    closed = False

    def close(self) -> None:
        """Nothing to close."""

    def write(self, message: str) -> None:
        """Log complete lines."""
        self._buffer += message
        while "\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition("\n")
            self.logger.log(self.level, line)

    def flush(self) -> None:
        """Log what is left."""
        if self._buffer:
            self.logger.log(self.level, self._buffer)
            self._buffer = ""

    def isatty(self) -> bool:
        """False."""
        return False
