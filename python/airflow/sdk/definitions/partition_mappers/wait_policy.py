"""When enough keys of a rollup's window have come."""

from __future__ import annotations

from typing import Any


class WaitPolicy:
    """When enough have come."""

    def as_spec(self) -> dict[str, Any]:
        """As `core::asset::partition::WaitPolicy`."""
        raise NotImplementedError


class WaitForAll(WaitPolicy):
    """All of them."""

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"type": "wait_for_all"}


class MinimumCount(WaitPolicy):
    """So many; a negative number: all but so many."""

    def __init__(self, n: int) -> None:
        if n == 0:
            raise ValueError("MinimumCount(0) would always fire; use WaitForAll() or another number")
        self.n = n

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"type": "minimum_count", "n": self.n}
