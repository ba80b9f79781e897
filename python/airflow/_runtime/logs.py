"""Log records and warnings of a running task as frames."""

from __future__ import annotations

import logging
import sys
import time
import traceback
import warnings
from typing import Any

from airflow._runtime.wire import Channel, Closed

_LEVELS = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "error"}
_LEVELS[logging.CRITICAL] = "critical"
_showwarning = warnings.showwarning
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def timestamp(seconds: float) -> str:
    """RFC 3339 with microseconds, UTC."""
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1e6):06d}Z"


class FrameHandler(logging.Handler):
    """Sends records over the control socket."""

    def __init__(self) -> None:
        super().__init__()
        self.channel: Channel | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; one that can't be formatted is sent as it was written."""
        if self.channel is None:  # a host, which runs no task
            print(record.levelname, record.name, record.getMessage(), file=sys.stderr)
            return
        try:
            event = record.getMessage()
        except Exception as error:
            event = f"{record.msg!r} with {record.args!r} (can't be formatted: {error})"
        message: dict[str, Any] = {
            "type": "log",
            "timestamp": timestamp(record.created),
            "level": _LEVELS.get(record.levelno) or record.levelname.lower(),
            "logger": record.name,
            "event": event,
            "filename": record.filename,
            "lineno": record.lineno,
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD and name not in message:
                message[name] = value if isinstance(value, (str, int, float, bool)) or value is None else repr(value)
        if record.exc_info and record.exc_info[0] is not None:
            message["error_detail"] = error_detail(record.exc_info[1])
        elif record.exc_text:
            message["event"] += "\n" + record.exc_text
        if record.stack_info:
            message["event"] += "\n" + record.stack_info
        try:
            self.channel.send(message)
        except Closed:
            print(event, file=sys.__stderr__)


def error_detail(error: BaseException | None) -> list[dict[str, Any]]:
    """An exception and those that led to it, newest first, as data."""
    found: list[dict[str, Any]] = []
    is_cause = False
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = [
            {"filename": entry.filename, "lineno": entry.lineno, "name": entry.name, "line": entry.line}
            for entry in traceback.extract_tb(error.__traceback__)[-50:]
        ]
        # Our own frames above the user's code say nothing.
        ours = __file__.rsplit("/", 2)[0]
        while len(frames) > 1 and str(frames[0]["filename"]).startswith(ours):
            frames.pop(0)
        found.append(
            {
                "exc_type": type(error).__name__,
                "exc_value": _text(error),
                "exc_notes": list(getattr(error, "__notes__", ())),
                "is_cause": is_cause,
                "frames": frames,
            }
        )
        if error.__cause__ is not None:
            error, is_cause = error.__cause__, True
        else:
            error, is_cause = (None if error.__suppress_context__ else error.__context__), False
    return found


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message can't be shown)"


_handler = FrameHandler()


def prepare() -> None:
    """Send every record to the handler, at the levels of the configuration. Done by hosts, for all their children."""
    root = logging.getLogger()
    root.handlers[:] = [_handler]
    root.setLevel(_level())
    from airflow.configuration import conf

    levels = conf.get("logging", "namespace_levels", fallback=None)
    for part in (levels or "").replace(",", " ").split():
        name, _, level = part.partition("=")
        logging.getLogger(name).setLevel(level.upper())
    task_logger = logging.getLogger("airflow.task")
    task_logger.disabled = False
    task_logger.propagate = True
    _catch_warnings()


def attach(channel: Channel) -> None:
    """In a child: say where records go."""
    _handler.channel = channel
    keep()


def keep() -> None:
    """Put back what a DAG file may have done to the root logger when it was imported."""
    if logging.getLogger().handlers != [_handler]:
        prepare()


def detach() -> None:
    """Leave logging as Python has it; for a process that is no child."""
    _handler.channel = None
    logging.getLogger().handlers[:] = []
    warnings.showwarning = _showwarning


def _level() -> str:
    from airflow.configuration import conf

    return (conf.get("logging", "logging_level", fallback="INFO") or "INFO").upper()


def _catch_warnings() -> None:
    from airflow.sdk.exceptions import RemovedInAirflow3Warning

    warnings.simplefilter("default", RemovedInAirflow3Warning)
    logger = logging.getLogger("py.warnings")

    def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        logger.warning("%s: %s", category.__name__, message, extra={"warned_in": f"{filename}:{lineno}"})

    warnings.showwarning = show
