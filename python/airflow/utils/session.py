"""Database sessions, of which there are none in DAG files and tasks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow.models.orm import NoDatabase


class _NoSession:
    """Stands for the session that functions take; using it says that there is none."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoDatabase(f"session.{name}")


NEW_SESSION: Any = _NoSession()


@contextmanager
def create_session(scoped: bool = True) -> Iterator[Any]:
    """A session that refuses every use."""
    yield NEW_SESSION


def provide_session(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function a session that refuses every use."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        import inspect

        position = list(inspect.signature(func).parameters).index("session")
        if "session" not in kwargs and len(args) <= position:
            kwargs["session"] = NEW_SESSION
        return func(*args, **kwargs)

    return wrapper
