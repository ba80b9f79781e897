"""Attributes of tasks whose default is an option: read, they are what will hold; stored, whether the author said so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions._internal.types import NOTSET


class Configured:
    """An attribute that is the value of an option unless the task has one of its own.

    The option is read when somebody asks, so that making a task costs nothing, and what the author left open stays
    open in the serialized DAG.
    """

    def __init__(self, name: str, option: Callable[[], Any]) -> None:
        self.name = name
        self.option = option

    def __get__(self, task: Any, owner: type | None = None) -> Any:
        if task is None:
            return self
        value = task.__dict__.get(self.name, NOTSET)
        return self.option() if value is NOTSET else value

    def __set__(self, task: Any, value: Any) -> None:
        task.__dict__[self.name] = value


def given(task: Any, name: str) -> Any:
    """What the author said of such an attribute, or ``NOTSET``."""
    return task.__dict__.get(name, NOTSET)


def default_retries() -> int:
    """``[core] default_task_retries``"""
    from airflow.configuration import conf

    return conf.getint("core", "default_task_retries", fallback=0)


def default_retry_delay() -> timedelta:
    """``[core] default_task_retry_delay``, which is in seconds."""
    from airflow.configuration import conf

    return timedelta(seconds=conf.getint("core", "default_task_retry_delay", fallback=300))


def default_execution_timeout() -> timedelta | None:
    """``[core] default_task_execution_timeout``, which is in seconds; none by default."""
    from airflow.configuration import conf

    limit: timedelta | None = conf.gettimedelta("core", "default_task_execution_timeout", fallback=None)
    return limit
