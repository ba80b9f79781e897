"""Metrics of tasks: sent to the StatsD server of ``[metrics]``, if there is one."""

from __future__ import annotations

import functools
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

_UNFIT = re.compile(r"[^\w.\-/]")


class Timer:
    """Measures a ``with`` block; ``duration`` is in milliseconds afterwards."""

    duration: float | None = None

    def __init__(self, send: Any = None) -> None:
        self._send = send
        self._began: float | None = None

    def start(self) -> Timer:
        """Begin."""
        self._began, self.duration = time.perf_counter(), None
        return self

    def stop(self, send: bool = True) -> None:
        """End, and send the time."""
        if self._began is not None:
            self.duration = (time.perf_counter() - self._began) * 1000
            if send and self._send is not None:
                self._send(self.duration)

    def __enter__(self) -> Timer:
        return self.start()

    def __exit__(self, *error: Any) -> None:
        self.stop()


class _Statsd:
    """Sends packets to a StatsD server and never waits for it."""

    def __init__(self, host: str, port: int, prefix: str) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._address, self._prefix = address, prefix

    def send(self, name: str, value: str, rate: float, tags: Mapping[str, Any] | None) -> None:
        import random

        if rate < 1 and random.random() > rate:
            return
        full = _UNFIT.sub("_", f"{self._prefix}.{name}" if self._prefix else name)
        extra = f"|@{rate}" if rate < 1 else ""
        if tags:
            extra += "|#" + ",".join(f"{key}:{item}" for key, item in tags.items())
        try:
            self._socket.sendto(f"{full}:{value}{extra}".encode(), self._address)
        except OSError:
            return  # nobody listens, or the queue is full: metrics never disturb a task


@functools.cache
def _server() -> _Statsd | None:
    from airflow.configuration import conf

    if not conf.getboolean("metrics", "statsd_on", fallback=False):
        return None
    host = conf.get("metrics", "statsd_host", fallback="localhost")
    try:
        return _Statsd(
            host,
            conf.getint("metrics", "statsd_port", fallback=8125),
            conf.get("metrics", "statsd_prefix", fallback="airflow"),
        )
    except OSError as error:
        import logging

        logging.getLogger(__name__).warning("no metrics are sent: %s: %s", host, error)
        return None


class Stats:
    """Counters, gauges and times. Nothing happens where ``[metrics] statsd_on`` is false."""

    @staticmethod
    def _send(stat: str, value: str, rate: float = 1, tags: Mapping[str, Any] | None = None) -> None:
        server = _server()
        if server is not None:
            server.send(stat, value, rate, tags)

    @classmethod
    def incr(cls, stat: str, count: int = 1, rate: float = 1, *, tags: Mapping[str, Any] | None = None) -> None:
        """Count up."""
        cls._send(stat, f"{count}|c", rate, tags)

    @classmethod
    def decr(cls, stat: str, count: int = 1, rate: float = 1, *, tags: Mapping[str, Any] | None = None) -> None:
        """Count down."""
        cls._send(stat, f"{-count}|c", rate, tags)

    @classmethod
    def gauge(
        cls, stat: str, value: float, rate: float = 1, delta: bool = False, *, tags: Mapping[str, Any] | None = None
    ) -> None:
        """Say how much there is now, or (``delta``) how much more."""
        cls._send(stat, f"{value:+}|g" if delta else f"{value}|g", rate, tags)

    @classmethod
    def timing(cls, stat: str, dt: float | timedelta, *, tags: Mapping[str, Any] | None = None) -> None:
        """Say how long something took: milliseconds, or a ``timedelta``."""
        milliseconds = dt.total_seconds() * 1000 if isinstance(dt, timedelta) else dt
        cls._send(stat, f"{milliseconds:.6f}|ms", 1, tags)

    @classmethod
    def timer(cls, stat: str | None = None, *args: Any, tags: Mapping[str, Any] | None = None, **kwargs: Any) -> Timer:
        """Measure a ``with`` block."""
        return Timer(None if stat is None else lambda ms: cls.timing(stat, ms, tags=tags))

    @classmethod
    @contextmanager
    def measured(cls, stat: str, tags: Mapping[str, Any] | None = None) -> Iterator[Timer]:
        """Older form of :meth:`timer`."""
        with cls.timer(stat, tags=tags) as timer:
            yield timer


def normalize_name_for_stats(name: str, log_warning: bool = True) -> str:
    """The name with ``_`` in the place of what a metric's name may not have."""
    return _UNFIT.sub("_", name)


incr, decr, gauge, timing, timer = Stats.incr, Stats.decr, Stats.gauge, Stats.timing, Stats.timer
