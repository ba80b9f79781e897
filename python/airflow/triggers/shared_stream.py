"""Streams that several event triggers of one process share; what authors of such triggers need (Airflow 3.3).

A trigger with a ``shared_stream_key`` does not poll on its own: one loop reads for all triggers of the same key, and
each filters what it reads. With a :class:`SharedStreamProducer` the source learns which of its events were dealt with.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["AckTimeout", "AdvanceItem", "AdvanceOutcome", "SharedStreamProducer", "reject_shared_stream_event"]

log = logging.getLogger(__name__)

#: Refuses the raw event that the running filter looks at; None outside of one.
_refuse: ContextVar[Callable[[], None] | None] = ContextVar("refuse_shared_stream_event", default=None)


class AckTimeout(Exception):
    """A trigger did not get done with an event within ``[triggerer] shared_stream_ack_timeout``."""


@dataclass(frozen=True)
class AdvanceOutcome:
    """How many triggers accepted an event, failed over it, or refused it."""

    acked: int
    failed: int
    rejected: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether somebody accepted it, and nobody failed or refused."""
        return self.acked > 0 and self.failed == 0 and self.rejected == 0


class AdvanceItem(NamedTuple):
    """An event that all triggers are done with."""

    broker_payload: Any
    outcome: AdvanceOutcome


class SharedStreamProducer(abc.ABC):
    """Reads from a source, and tells it what was dealt with. One belongs to one reading, from its start to its end."""

    @abc.abstractmethod
    def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Yield ``(raw event, whatever is needed to advance past it)`` for ever, or raise."""

    @abc.abstractmethod
    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Events of one lane, in order, are done with. Raising ends the stream for all its triggers."""

    def get_advance_lane(self, broker_payload: Any) -> Hashable:
        """Events of one lane are advanced in order; lanes do not wait for each other. All are in one unless said."""
        return None

    async def aclose(self) -> None:  # noqa: B027 - closing is optional
        """The reading is over."""


def reject_shared_stream_event() -> None:
    """Refuse the raw event that this filter is looking at for good; without effect outside a filter of a producer's
    stream."""
    refuse = _refuse.get()
    if refuse is None:
        log.warning("reject_shared_stream_event called while no event of a producer is being filtered; ignored")
        return
    refuse()
