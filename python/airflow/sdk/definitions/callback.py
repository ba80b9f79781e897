"""What a missed deadline calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


class Callback:
    """A function or notifier class by its import path, with arguments; it also gets a ``context``."""

    def __init__(self, callback_callable: Callable[..., Any] | str, kwargs: dict[str, Any] | None = None) -> None:
        self._callable = None if isinstance(callback_callable, str) else callback_callable
        self.path = self.get_callback_path(callback_callable)
        if kwargs and "context" in kwargs:
            raise ValueError("'context' is filled in when the callback is called; it can't be among its kwargs")
        self.kwargs: dict[str, Any] = dict(kwargs or {})

    @classmethod
    def get_callback_path(cls, _callback: Any) -> str:
        """The import path of what is to be called, after a check that it can be."""
        from airflow.utils.module_loading import import_string, is_valid_dotpath

        if callable(_callback):
            cls.verify_callable(_callback)
            return f"{_callback.__module__}.{_callback.__qualname__}"
        if not isinstance(_callback, str) or "." not in _callback or not is_valid_dotpath(_callback.strip()):
            raise ImportError(f"{_callback!r} is no import path of a callback")
        path = _callback.strip()
        try:
            found = import_string(path)
        except ImportError:
            return path  # it may be there where the callback runs
        if not callable(found):
            raise AttributeError(f"{path} is not callable")
        cls.verify_callable(found)
        return path

    @classmethod
    def verify_callable(cls, callback: Any) -> None:
        """Hook: raise if it is of the wrong kind."""

    def resolve(self) -> Any:
        """What is to be called."""
        if self._callable is not None:
            return self._callable
        from airflow.utils.module_loading import import_string

        return import_string(self.path)

    def serialize(self) -> dict[str, Any]:
        """As plain data."""
        return {"path": self.path, "kwargs": self.kwargs}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash((type(self), self.path))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"


class AsyncCallback(Callback):
    """A coroutine function, or a notifier."""

    @classmethod
    def verify_callable(cls, callback: Any) -> None:
        """Refuse what this kind can not run; a ``TypeError`` or ``ValueError`` says why."""
        if not (inspect.iscoroutinefunction(callback) or hasattr(callback, "__await__")):
            raise AttributeError(f"{callback!r} is not awaitable; use SyncCallback for it")


class SyncCallback(Callback):
    """A function, or a notifier."""

    def __init__(
        self,
        callback_callable: Callable[..., Any] | str,
        kwargs: dict[str, Any] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor
