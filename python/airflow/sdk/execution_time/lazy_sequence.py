"""The values of all instances of a mapped task, fetched as they are used."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.xcom_backend import from_store

_PAGE = 500


class LazyXComSequence(Sequence[Any]):
    """A read-only list: one value for each instance that pushed one, by map index."""

    def __init__(
        self,
        task_id: str,
        key: str = "return_value",
        dag_id: str | None = None,
        run_id: str | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        self._where = {"key": key, "task_id": task_id, "dag_id": dag_id, "run_id": run_id}
        self._start, self._stop = start, stop
        self._length: int | None = None

    def __len__(self) -> int:
        if self._length is None:
            count = supervisor.call("xcom_count", **self._where)
            stop = count if self._stop is None else min(self._stop, count)
            self._length = max(stop - self._start, 0)
        return self._length

    def _page(self, start: int, limit: int) -> list[Any]:
        values = supervisor.call("xcom_get_all", **self._where, start=start, limit=limit)
        return [from_store(value, self._where["key"] or "") for value in values]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return self._page(self._start + start, stop - start) if stop > start else []
            return list(self)[index]
        if not isinstance(index, int):
            raise TypeError(f"indexes must be whole numbers or slices, not {type(index).__name__}")
        if index < 0:
            index += len(self)
        if index < 0 or (self._stop is not None and self._start + index >= self._stop):
            raise IndexError(index)
        found = self._page(self._start + index, 1)
        if not found:
            raise IndexError(index)
        return found[0]

    def __iter__(self) -> Iterator[Any]:
        at = self._start
        while self._stop is None or at < self._stop:
            limit = _PAGE if self._stop is None else min(_PAGE, self._stop - at)
            values = self._page(at, limit)
            yield from values
            if len(values) < limit:
                return
            at += limit

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (str, bytes)) or not isinstance(other, Sequence):
            return NotImplemented
        return all(mine == theirs for mine, theirs in itertools.zip_longest(self, other, fillvalue=_NOTHING))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LazyXComSequence({'<unevaluated length>' if self._length is None else f'<{self._length} items>'})"


_NOTHING = object()
