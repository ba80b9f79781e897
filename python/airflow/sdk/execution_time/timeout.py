"""A limit on how long a block of code may take."""

from __future__ import annotations

import os
import signal
from types import TracebackType
from typing import Any

from airflow.sdk.exceptions import AirflowTaskTimeout


class TimeoutPosix:
    """
    ``with timeout(seconds=60, error_message="…")``: raises ``AirflowTaskTimeout`` in the block when the time is over.

    It rests on the process's alarm clock, so it works in the main thread alone; elsewhere it sets no limit and says so.
    A limit that was set around it is in force again afterwards.
    """

    def __init__(self, seconds: float = 1, error_message: str = "Timeout") -> None:
        self.seconds = seconds
        self.error_message = f"{error_message}, PID: {os.getpid()}"
        self._before: Any = None
        self._left = 0.0

    def handle_timeout(self, signum: int, frame: Any) -> None:
        """What the alarm calls."""
        raise AirflowTaskTimeout(self.error_message)

    def __enter__(self) -> TimeoutPosix:
        try:
            self._before = signal.signal(signal.SIGALRM, self.handle_timeout)
            self._left, _ = signal.setitimer(signal.ITIMER_REAL, self.seconds)
        except ValueError:
            import logging

            logging.getLogger(__name__).warning("timeout can't be used in a thread; %s s are no limit", self.seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is None:
            return
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        if self._left:
            signal.setitimer(signal.ITIMER_REAL, max(self._left - (self.seconds - left), 0.001))


timeout = TimeoutPosix
