"""What mapped tasks are mapped over, item by item: an instance fetches and computes its own item and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def as_items(value: Any) -> Sequence[Any]:
    """A list, or a dict's pairs of key and value."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise TypeError(f"a task can be mapped over a list or dict, not {type(value).__name__}")
    return value


class _Items(Sequence[Any]):
    """Read-only; shown as the list that it stands for."""

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._at(at) for at in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
            if index < 0:
                raise IndexError(index)
        return self._at(index)

    def _at(self, index: int) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} of {len(self)} items>"


class Result(_Items):
    """A task's list, of which single items are fetched as long as nobody asks for its length."""

    def __init__(self, fetch_one: Callable[[int], Any], fetch_all: Callable[[], Any]) -> None:
        self._fetch_one, self._fetch_all = fetch_one, fetch_all
        self._all: Sequence[Any] | None = None

    def _whole(self) -> Sequence[Any]:
        if self._all is None:
            self._all = as_items(self._fetch_all())
        return self._all

    def __len__(self) -> int:
        return len(self._whole())

    def _at(self, index: int) -> Any:
        return self._all[index] if self._all is not None else self._fetch_one(index)


class Mapped(_Items):
    """Items after some functions, each when it is used: one that raises concerns one instance."""

    def __init__(self, items: Sequence[Any], functions: Sequence[Callable[[Any], Any]]) -> None:
        self._items, self._functions = items, functions

    def __len__(self) -> int:
        return len(self._items)

    def _at(self, index: int) -> Any:
        item = self._items[index]
        for function in self._functions:
            item = function(item)
        return item


class Zipped(_Items):
    """Items of several lists side by side."""

    def __init__(self, parts: Sequence[Sequence[Any]], fillvalue: Any) -> None:
        self._parts, self._fillvalue = parts, fillvalue

    def __len__(self) -> int:
        return (min if self._fillvalue is ... else max)(len(part) for part in self._parts)

    def _at(self, index: int) -> Any:
        if index >= len(self):
            raise IndexError(index)
        return tuple(part[index] if index < len(part) else self._fillvalue for part in self._parts)


class Joined(_Items):
    """Items of several lists one after the other."""

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def _at(self, index: int) -> Any:
        for part in self._parts[:-1]:
            if index < len(part):
                return part[index]
            index -= len(part)
        return self._parts[-1][index]
