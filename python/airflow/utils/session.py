"""What DAG files and tasks have in the place of database sessions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow.models.orm import NoDatabase


class TaskSession:
    """Stands for a database session: it answers queries of runs, task instances and DAGs, and has nothing to commit."""

    def query(self, *entities: Any) -> Any:
        """A query; see :mod:`airflow.models._query` for what can be asked."""
        from airflow.models._query import Query

        return Query(entities)

    def close(self) -> None:
        """Nothing is open."""

    def commit(self) -> None:
        """Nothing was written: whatever would have been is refused."""

    flush = expire_all = expunge_all = rollback = commit

    def __enter__(self) -> TaskSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __call__(self, *args: Any, **kwargs: Any) -> TaskSession:
        """The session itself: a factory of sessions is called for one."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoDatabase(f"session.{name}")


NEW_SESSION: Any = TaskSession()


@contextmanager
def create_session(scoped: bool = True) -> Iterator[Any]:
    """A session; it can be asked, not written to."""
    yield NEW_SESSION


def provide_session(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function a session, unless the caller does."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        import inspect

        position = list(inspect.signature(func).parameters).index("session")
        if "session" not in kwargs and len(args) <= position:
            kwargs["session"] = NEW_SESSION
        return func(*args, **kwargs)

    return wrapper
