"""A logger as an attribute."""

from __future__ import annotations

import logging
from typing import Any


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
