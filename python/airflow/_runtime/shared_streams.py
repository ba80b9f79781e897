"""Shared streams of event triggers in one child: one reader for each key, and who is done with which event.

A trigger is done with an event when it has asked for the next one (or left) and every event of its own that it made
from it is in the database. Events that all who saw them are done with are handed to the producer, in order.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import AsyncIterator, Hashable
from typing import Any

from airflow.triggers.base import BaseEventTrigger
from airflow.triggers.shared_stream import AckTimeout, AdvanceItem, AdvanceOutcome, _refuse

log = logging.getLogger("airflow.triggerer")


class StreamEnded(Exception):
    """The shared stream ended, which it never should."""


class SubscriberOverflow(Exception):
    """The trigger is slower than the stream: ``[triggerer] shared_stream_subscriber_queue_size`` events wait."""


class _Outstanding:
    """An event of a producer that was handed out."""

    def __init__(self, payload: Any, lane: Hashable, waiting: set[_Subscriber]) -> None:
        self.payload, self.lane, self.waiting = payload, lane, waiting
        self.acked = self.failed = self.rejected = 0
        self.timer: asyncio.TimerHandle | None = None


class _Subscriber:
    """One trigger in a stream."""

    def __init__(self, stream: _Stream, trigger_id: int, size: int) -> None:
        self.stream, self.trigger_id = stream, trigger_id
        self.queue: asyncio.Queue[tuple[Any, _Outstanding | None] | BaseException] = asyncio.Queue()
        self.size = size
        self.failed: BaseException | None = None
        self.looking_at: _Outstanding | None = None
        self.made = self.kept = 0
        #: Events that it has moved past, and how many of its own must be kept before it is done with them.
        self.past: deque[tuple[_Outstanding, int]] = deque()

    async def events(self) -> AsyncIterator[Any]:
        """What the stream reads, from now on."""
        try:
            while True:
                item = self.failed or await self.queue.get()
                if isinstance(item, BaseException):
                    raise item
                raw, event = item
                if event is None:
                    yield raw
                    continue
                self.looking_at = event
                token = _refuse.set(self._reject)
                try:
                    yield raw
                finally:
                    self.move_past()
                    try:
                        _refuse.reset(token)
                    except ValueError:  # closed from elsewhere, as generators are that nobody finishes
                        pass
        finally:
            self.stream.leave(self)

    def move_past(self) -> None:
        """It asked for the next event, or left."""
        event, self.looking_at = self.looking_at, None
        if event is not None and self in event.waiting:
            self.past.append((event, self.made))
            self.settle()

    def _reject(self) -> None:
        if self.looking_at is not None:
            self.stream.resolve(self, self.looking_at, "rejected")

    def settle(self) -> None:
        """Be done with what is kept."""
        while self.past and self.past[0][1] <= self.kept:
            self.stream.resolve(self, self.past.popleft()[0], "acked")

    def fail(self, error: BaseException) -> None:
        """End this trigger, whether it waits for the next event or is busy with one."""
        self.failed = error
        self.queue.put_nowait(error)


class _Stream:
    """One reader and its triggers."""

    def __init__(self, streams: SharedStreams, key: Hashable, trigger: BaseEventTrigger) -> None:
        self.streams, self.key = streams, key
        self.subscribers: list[_Subscriber] = []
        self.lanes: dict[Hashable, deque[_Outstanding]] = {}
        self.done = asyncio.Event()
        self.over = False
        kind, kwargs = type(trigger), trigger.serialize()[1]
        own = inspect.getattr_static(kind, "create_shared_stream_producer")
        made = own is not inspect.getattr_static(BaseEventTrigger, "create_shared_stream_producer")
        self.task = asyncio.create_task(self._read(kind, kwargs, made), name=f"shared stream {key!r}")

    async def _read(self, kind: type[BaseEventTrigger], kwargs: dict[str, Any], with_producer: bool) -> None:
        error: BaseException = StreamEnded("the shared stream ended; it is to go on for ever, or to raise")
        producer, pump = None, None
        try:
            await asyncio.sleep(self.streams.grace)
            if with_producer:
                producer = kind.create_shared_stream_producer(kwargs)
                pump = asyncio.create_task(self._advance(producer), name=f"advance {self.key!r}")
                reader = asyncio.create_task(self._read_producer(producer), name=f"read {self.key!r}")
                try:
                    await asyncio.wait({pump, reader}, return_when=asyncio.FIRST_COMPLETED)
                    for ended in (pump, reader):
                        if ended.done():
                            ended.result()
                finally:
                    reader.cancel()
                    await asyncio.gather(reader, return_exceptions=True)
            else:
                async for raw in kind.open_shared_stream(kwargs):
                    self._hand_out(raw, None)
        except asyncio.CancelledError:
            raise
        except BaseException as problem:
            error = problem
            log.exception("a shared stream failed")
        finally:
            # From here on nobody cancels it: it is tidying up.
            self.over = True
            self.streams.forget(self)
            for subscriber in self.subscribers:
                subscriber.fail(error)
            if pump is not None:
                pump.cancel()
                await asyncio.gather(pump, return_exceptions=True)
            for event in [event for lane in self.lanes.values() for event in lane]:
                if event.timer is not None:
                    event.timer.cancel()
            if producer is not None:
                try:
                    await producer.aclose()
                except Exception:
                    log.warning("a shared stream's producer could not be closed", exc_info=True)

    async def _read_producer(self, producer: Any) -> None:
        async for raw, payload in producer.open_stream():
            lane = producer.get_advance_lane(payload)
            event = _Outstanding(payload, lane, set(self.subscribers))
            self.lanes.setdefault(lane, deque()).append(event)
            event.timer = asyncio.get_running_loop().call_later(self.streams.ack_timeout, self._too_slow, event)
            self._hand_out(raw, event)
            if not event.waiting:
                self.done.set()

    def _hand_out(self, raw: Any, event: _Outstanding | None) -> None:
        for subscriber in list(self.subscribers):
            if subscriber.failed is not None:
                if event is not None:
                    self.resolve(subscriber, event, "failed")
            elif subscriber.queue.qsize() >= subscriber.size:
                self.drop(subscriber, SubscriberOverflow(f"{subscriber.size} events of the shared stream wait"))
            else:
                subscriber.queue.put_nowait((raw, event))

    def _too_slow(self, event: _Outstanding) -> None:
        for subscriber in list(event.waiting):
            seconds = self.streams.ack_timeout
            self.drop(subscriber, AckTimeout(f"an event of the shared stream was not dealt with in {seconds} s"))

    def drop(self, subscriber: _Subscriber, error: BaseException) -> None:
        """End a trigger; it failed over everything that it was not done with."""
        subscriber.fail(error)
        for lane in self.lanes.values():
            for event in lane:
                self.resolve(subscriber, event, "failed")

    def resolve(self, subscriber: _Subscriber, event: _Outstanding, how: str) -> None:
        """A trigger is done with an event, one way or the other; the first word counts."""
        if subscriber not in event.waiting:
            return
        event.waiting.discard(subscriber)
        setattr(event, how, getattr(event, how) + 1)
        if not event.waiting:
            self.done.set()

    def leave(self, subscriber: _Subscriber) -> None:
        """A trigger ended. What it saw and did not fail over counts as accepted once it is kept."""
        if subscriber not in self.subscribers:
            return
        self.subscribers.remove(subscriber)
        for lane in self.lanes.values():
            for event in lane:
                if subscriber in event.waiting and all(event is not past for past, _ in subscriber.past):
                    subscriber.past.append((event, subscriber.made))
        subscriber.settle()
        if not self.subscribers and not self.over:
            self.streams.forget(self)
            self.task.cancel()

    async def _advance(self, producer: Any) -> None:
        while True:
            await self.done.wait()
            self.done.clear()
            for lane, events in list(self.lanes.items()):
                batch = []
                while events and not events[0].waiting:
                    event = events.popleft()
                    if event.timer is not None:
                        event.timer.cancel()
                    outcome = AdvanceOutcome(event.acked, event.failed, event.rejected)
                    batch.append(AdvanceItem(event.payload, outcome))
                if not events:
                    del self.lanes[lane]
                if batch:
                    await producer.advance(batch)


class SharedStreams:
    """The streams of this process."""

    def __init__(self, size: int, ack_timeout: float, grace: float) -> None:
        self.size, self.ack_timeout, self.grace = size, ack_timeout, grace
        self._streams: dict[Hashable, _Stream] = {}
        self._of_trigger: dict[int, list[_Subscriber]] = {}

    @classmethod
    def configured(cls) -> SharedStreams:
        """As ``[triggerer] shared_stream_*`` say."""
        from airflow.configuration import conf

        return cls(
            conf.getint("triggerer", "shared_stream_subscriber_queue_size", fallback=1024),
            conf.getfloat("triggerer", "shared_stream_ack_timeout", fallback=300.0),
            conf.getfloat("triggerer", "shared_stream_cohort_grace_period", fallback=0.0),
        )

    def events_of(self, trigger: BaseEventTrigger, trigger_id: int) -> AsyncIterator[Any] | None:
        """The trigger's events by way of its shared stream; None if it does not share one."""
        try:
            key = trigger.shared_stream_key()
        except Exception:
            log.exception("shared_stream_key() failed; the trigger runs on its own")
            key = None
        if key is None:
            return None
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = _Stream(self, key, trigger)
        subscriber = _Subscriber(stream, trigger_id, self.size)
        stream.subscribers.append(subscriber)
        self._of_trigger.setdefault(trigger_id, []).append(subscriber)
        return self._filtered(trigger, subscriber)

    async def _filtered(self, trigger: BaseEventTrigger, subscriber: _Subscriber) -> AsyncIterator[Any]:
        events = subscriber.events()
        try:
            async for event in trigger.filter_shared_stream(events):
                subscriber.made += 1
                yield event
        except GeneratorExit:
            raise
        except BaseException as error:
            # What it was looking at comes again, if the source can do that.
            subscriber.stream.drop(subscriber, error)
            raise
        finally:
            # A filter that returns leaves its source where it is.
            subscriber.move_past()
            subscriber.stream.leave(subscriber)

    def kept(self, trigger_id: int, count: int) -> None:
        """So many more events of a trigger are in the database."""
        subscribers = self._of_trigger.get(trigger_id, [])
        for subscriber in list(subscribers):
            taken = min(count, subscriber.made - subscriber.kept)
            subscriber.kept += taken
            count -= taken
            subscriber.settle()
            if subscriber not in subscriber.stream.subscribers and subscriber.kept >= subscriber.made:
                subscribers.remove(subscriber)
        if not subscribers:
            self._of_trigger.pop(trigger_id, None)

    def forget(self, stream: _Stream) -> None:
        """Whoever comes from now on has a stream of its own."""
        if self._streams.get(stream.key) is stream:
            del self._streams[stream.key]
