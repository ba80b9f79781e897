"""The process that runs triggers: watchers, shared streams, what it says and how it ends them."""

from __future__ import annotations

import asyncio
import time

import pytest

from airflow._runtime.shared_streams import SharedStreams, SubscriberOverflow
from airflow.providers.standard.triggers.file import DirectoryFileDeleteTrigger
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from airflow.triggers.shared_stream import AckTimeout, SharedStreamProducer, reject_shared_stream_event

MODULE = """
import asyncio
from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

class Counts(BaseEventTrigger):
    def __init__(self, upto, broken=False):
        super().__init__()
        self.upto, self.broken = upto, broken
    def serialize(self):
        return "counting.Counts", {"upto": self.upto}
    async def run(self):
        for n in range(self.upto):
            yield TriggerEvent(n)
        if self.broken:
            raise ValueError("no more numbers")

class Waits(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path
    def serialize(self):
        return "counting.Waits", {"path": self.path}
    def note(self, text):
        with open(self.path, "a") as out:
            out.write(text + " ")
    async def run(self):
        self.note("runs")
        await asyncio.sleep(3600)
        yield TriggerEvent(None)
    async def on_kill(self):
        self.note("killed")
    async def cleanup(self):
        self.note("clean")

class Remembers(BaseEventTrigger):
    def serialize(self):
        return "counting.Remembers", {}
    async def run(self):
        await self.asset_state_store.aset("seen", 7)
        yield TriggerEvent(await self.asset_state_store.aget("seen"))
"""


@pytest.fixture
def triggerer(host, dag_file):
    """A child that runs triggers."""
    folder = dag_file(MODULE, "counting.py").parent
    child = host.fork()
    child.channel.send({"type": "triggers", "roots": [str(folder)], "on_kill_timeout": 5.0})
    yield child
    child.close()


def run(child, number, classpath, kwargs=None, **more):
    """Run a trigger to its end; its outcomes and whether it failed."""
    child.channel.send({"type": "run_trigger", "id": number, "classpath": classpath, "kwargs": kwargs or {}, **more})
    outcomes = []
    while True:
        message = child.channel.receive()
        if message["type"] == "trigger_said":
            outcomes.append(message["outcome"])
        elif message["type"] == "call":
            answer = 7 if message["method"] == "asset_state_get" else None
            child.frames.append(message)
            child.channel.send({"type": "reply", "id": message["id"], "ok": answer})
        elif message["type"] == "trigger_ended":
            return outcomes, message["failed"]


def test_every_event_of_a_watcher_counts_and_its_end_is_told(triggerer):
    outcomes, failed = run(triggerer, 1, "counting.Counts", {"upto": 3}, once=False)
    assert [outcome["payload"] for outcome in outcomes] == [0, 1, 2] and not failed
    outcomes, failed = run(triggerer, 1, "counting.Counts", {"upto": 1, "broken": True}, once=False)
    assert [outcome["kind"] for outcome in outcomes] == ["event", "failure"] and failed
    assert outcomes[1]["error"] == "ValueError: no more numbers" and "in run" in "".join(outcomes[1]["traceback"])
    assert run(triggerer, 1, "counting.Counts", {"upto": 0}, once=False)[1], "without an event it ended too early"


def test_a_task_is_woken_by_the_first_event(triggerer):
    outcomes, failed = run(triggerer, 2, "counting.Counts", {"upto": 3}, once=True)
    assert [outcome["payload"] for outcome in outcomes] == [0] and not failed


def test_what_cannot_be_made_fails_with_its_traceback(triggerer):
    outcomes, failed = run(triggerer, 3, "counting.Missing", once=True)
    assert failed and outcomes[0]["kind"] == "failure" and "Missing" in outcomes[0]["error"]
    assert "Traceback" in outcomes[0]["traceback"][0]


@pytest.mark.parametrize(("kill", "noted"), [(True, "runs killed clean "), (False, "runs clean ")])
def test_a_trigger_that_is_not_wanted_any_more_tidies_up(triggerer, tmp_path, kill, noted):
    notes = tmp_path / "notes"
    message = {"type": "run_trigger", "id": 7, "classpath": "counting.Waits", "kwargs": {"path": str(notes)}}
    triggerer.channel.send(message)
    deadline = time.monotonic() + 10
    while not notes.exists() or not notes.read_text():
        assert time.monotonic() < deadline
    triggerer.channel.send({"type": "cancel_trigger", "id": 7, "kill": kill})
    assert triggerer.until("trigger_ended")["id"] == 7
    assert notes.read_text() == noted, "on_kill is for a person's doing, cleanup for every end"


def test_a_watcher_remembers_things_about_its_assets(triggerer):
    outcomes, failed = run(triggerer, 4, "counting.Remembers", once=False, assets=[{"name": "a", "uri": "s3://a"}])
    assert [outcome["payload"] for outcome in outcomes] == [7] and not failed
    calls = [(call["method"], call["name"], call["key"]) for call in triggerer.of_type("call")]
    assert calls == [("asset_state_set", "a", "seen"), ("asset_state_get", "a", "seen")]


def test_triggers_of_one_folder_share_a_scan(triggerer, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("a.flag", "b.flag"):
        (inbox / name).touch()
    path = "airflow.providers.standard.triggers.file.DirectoryFileDeleteTrigger"
    for number, name in ((5, "a.flag"), (6, "b.flag")):
        kwargs = {"directory": str(inbox), "filename": name, "poke_interval": 0.01}
        outcomes, failed = run(triggerer, number, path, kwargs, once=False)
        assert [outcome["payload"] for outcome in outcomes] == [{"filepath": str(inbox / name)}] and not failed
    assert list(inbox.iterdir()) == []


# Shared streams, in this process.


async def _next(events):
    return await events.__anext__()


class Source(SharedStreamProducer):
    """Hands out what is put in, and keeps what was advanced."""

    def __init__(self):
        self.queue = asyncio.Queue()
        self.advanced = []
        self.changed = asyncio.Event()
        self.closed = False

    async def open_stream(self):
        while True:
            number = await self.queue.get()
            if isinstance(number, Exception):
                raise number
            yield {"n": number}, number

    async def advance(self, batch):
        self.advanced += [
            (item.broker_payload, item.outcome.acked, item.outcome.failed, item.outcome.rejected) for item in batch
        ]
        self.changed.set()

    async def aclose(self):
        self.closed = True

    async def until(self, count):
        while len(self.advanced) < count:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 10)
        return self.advanced


class Listens(BaseEventTrigger):
    """Takes every event, refuses odd ones if it is to."""

    source: Source

    def __init__(self, refuses=False):
        super().__init__()
        self.refuses = refuses

    def serialize(self):
        return "x.Listens", {}

    def shared_stream_key(self):
        return "one"

    @classmethod
    def create_shared_stream_producer(cls, kwargs):
        return cls.source

    async def filter_shared_stream(self, shared_stream):
        async for raw in shared_stream:
            if self.refuses and raw["n"] % 2:
                reject_shared_stream_event()
                continue
            yield TriggerEvent(raw["n"])

    async def run(self):
        yield TriggerEvent("alone")


def streams(size=10, ack_timeout=10.0):
    Listens.source = Source()
    return SharedStreams(size, ack_timeout, 0.0), Listens.source


def test_a_source_learns_what_was_kept_and_refused():
    async def go():
        shared, source = streams()
        one, two = shared.events_of(Listens(), 1), shared.events_of(Listens(refuses=True), 2)
        pulls = [asyncio.ensure_future(_next(events)) for events in (one, two)]
        await source.queue.put(2)
        assert [(await pull).payload for pull in pulls] == [2, 2]
        pulls = [asyncio.ensure_future(_next(events)) for events in (one, two)]
        await source.queue.put(3)
        assert (await pulls[0]).payload == 3
        assert source.advanced == [], "nothing of it is in the database yet"
        shared.kept(1, 1)
        shared.kept(2, 1)
        assert await source.until(1) == [(2, 2, 0, 0)]
        pulls[0] = asyncio.ensure_future(_next(one))
        await asyncio.sleep(0)
        shared.kept(1, 1)
        assert (await source.until(2))[1] == (3, 1, 0, 1), "one accepted it, the other refused it for good"
        for pull in pulls:
            pull.cancel()
        await asyncio.gather(*pulls, return_exceptions=True)

    asyncio.run(go())


def test_who_is_too_slow_fails_and_the_source_goes_on():
    async def go():
        shared, source = streams(ack_timeout=0.05)
        events = shared.events_of(Listens(), 1)
        pull = asyncio.ensure_future(_next(events))
        await source.queue.put(1)
        await pull  # and is never kept
        assert await source.until(1) == [(1, 0, 1, 0)]
        with pytest.raises(AckTimeout):
            await _next(events)

    asyncio.run(go())


def test_who_has_too_much_waiting_fails():
    async def go():
        shared, source = streams(size=2)
        events = shared.events_of(Listens(), 1)
        pull = asyncio.ensure_future(_next(events))
        for number in range(5):
            await source.queue.put(number)
        await pull
        await source.until(1)
        with pytest.raises(SubscriberOverflow):
            await _next(events)

    asyncio.run(go())


def test_a_stream_that_fails_fails_its_triggers_and_a_new_one_begins():
    async def go():
        shared, source = streams()
        pull = asyncio.ensure_future(_next(shared.events_of(Listens(), 1)))
        await source.queue.put(ConnectionError("gone"))
        with pytest.raises(ConnectionError, match="gone"):
            await pull
        Listens.source = Source()
        events = shared.events_of(Listens(), 1)
        pull = asyncio.ensure_future(_next(events))
        await Listens.source.queue.put(1)
        assert (await pull).payload == 1
        await events.aclose()
        deadline = time.monotonic() + 10
        while not Listens.source.closed:
            assert time.monotonic() < deadline
            await asyncio.sleep(0)
        assert source.closed

    asyncio.run(go())


def test_a_key_that_cannot_be_told_means_alone():
    class Odd(DirectoryFileDeleteTrigger):
        def shared_stream_key(self):
            raise ValueError("who knows")

    assert SharedStreams(1, 1.0, 0.0).events_of(Odd(directory="/", filename="x"), 1) is None
