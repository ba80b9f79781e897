"""Job ``triggers``: many triggers in one process, each a coroutine of one loop.

A thread reads the socket, so that a trigger may ask for a connection from any thread, the loop's included.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import signal
import sys
import threading
import traceback
from types import SimpleNamespace
from typing import Any

from airflow._runtime import logs, supervisor
from airflow._runtime.wire import CallError, Channel, Closed
from airflow._runtime.xcom_codec import decode, encode

log = logging.getLogger("airflow.triggerer")
_trigger_id: contextvars.ContextVar[int | None] = contextvars.ContextVar("trigger_id", default=None)
_SAID_NOTHING = "Trigger exited without sending an event. Dependent tasks will be failed."


class _SharedChannel:
    """A channel that several threads use."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._last = 0
        self._waiting: dict[int, tuple[threading.Event, dict[str, Any]]] = {}

    def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        with self._lock:
            self._channel.send(message)

    def receive(self) -> dict[str, Any]:
        """The next message that is no reply; only for the reading thread."""
        while True:
            message = self._channel.receive()
            if message.get("type") != "reply":
                return message
            waiting = self._waiting.pop(message.get("id", 0), None)
            if waiting is not None:
                waiting[1].update(message)
                waiting[0].set()

    def call(self, method: str, **arguments: Any) -> Any:
        """Ask for something and wait for the answer."""
        done = threading.Event()
        reply: dict[str, Any] = {}
        with self._lock:
            self._last += 1
            number = self._last
            self._waiting[number] = (done, reply)
            message = {"type": "call", "id": number, "method": method, **arguments}
            trigger_id = _trigger_id.get()
            if trigger_id is not None:
                message["trigger"] = trigger_id
            self._channel.send(message)
        if not done.wait(60):
            raise CallError("unavailable", "no answer within 60 seconds")
        if "error" in reply:
            error = reply["error"]
            raise CallError(error.get("code", "unknown"), error.get("message", ""))
        return reply.get("ok")


class _NameTrigger(logging.Filter):
    """Says of which trigger a record is."""

    def filter(self, record: logging.LogRecord) -> bool:
        trigger_id = _trigger_id.get()
        if trigger_id is not None:
            record.trigger_id = trigger_id
        return True


class Triggers:
    """The triggers of this process."""

    def __init__(self, channel: _SharedChannel, kill_timeout: float) -> None:
        self.channel = channel
        self.kill_timeout = kill_timeout
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.killed: set[int] = set()
        self.streams: Any = None

    async def serve(self) -> None:
        """Run until the socket closes."""
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()
        # Runs even while a trigger blocks the loop, and says which one it is.
        signal.signal(signal.SIGUSR1, self._tell_blocking)

        def read() -> None:
            try:
                while True:
                    message = self.channel.receive()
                    loop.call_soon_threadsafe(self._take, message)
            except (Closed, OSError, RuntimeError):
                loop.call_soon_threadsafe(closed.set)

        threading.Thread(target=read, name="tradewind-reader", daemon=True).start()
        await closed.wait()
        for task in self.tasks.values():
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks.values(), timeout=5)

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "ping":
            self.channel.send({"type": "pong", "number": message["number"]})
        elif kind == "run_trigger":
            number = message["id"]
            if number not in self.tasks:
                self.tasks[number] = asyncio.create_task(self._run(message), name=str(number))
        elif kind == "cancel_trigger":
            task = self.tasks.get(message["id"])
            if task is not None:
                if message.get("kill"):
                    self.killed.add(message["id"])
                task.cancel()
        elif kind == "kept" and self.streams is not None:
            self.streams.kept(message["id"], message["count"])

    def _tell_blocking(self, signum: int, frame: Any) -> None:
        task = asyncio.current_task() if asyncio._get_running_loop() is not None else None
        name = task.get_name() if task is not None else ""
        stack = "".join(traceback.format_stack(frame)[-5:])
        self.channel.send({"type": "blocked", "id": int(name) if name.isdigit() else None, "stack": stack})

    async def _run(self, message: dict[str, Any]) -> None:
        number: int = message["id"]
        _trigger_id.set(number)
        trigger: Any = None
        once: bool = message.get("once", True)
        failed = True
        try:
            trigger = _make(message)
            log.info("trigger %s starting", message["classpath"])
            said = False
            events = self._events(trigger, number)
            try:
                async for event in events:
                    said = True
                    self.channel.send({"type": "trigger_said", "id": number, "outcome": _outcome(event)})
                    if once:
                        break
            finally:
                close = getattr(events, "aclose", None)
                if close is not None:
                    await close()
            if not said:
                log.error(_SAID_NOTHING if once else "The watcher's trigger ended without an event.")
                self._failed(number, _SAID_NOTHING, [])
            failed = not said
        except asyncio.CancelledError:
            if number in self.killed and trigger is not None:
                await self._on_kill(trigger)
        except BaseException as error:
            log.exception("Trigger failed")
            lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).splitlines()
            self._failed(number, f"{type(error).__name__}: {error}", lines)
        finally:
            await self._clean(trigger)
            self.killed.discard(number)
            self.tasks.pop(number, None)
            self.channel.send({"type": "trigger_ended", "id": number, "failed": failed})

    def _events(self, trigger: Any, number: int) -> Any:
        if hasattr(trigger, "shared_stream_key"):
            from airflow._runtime.shared_streams import SharedStreams

            if self.streams is None:
                self.streams = SharedStreams.configured()
            shared = self.streams.events_of(trigger, number)
            if shared is not None:
                return shared
        return trigger.run()

    async def _on_kill(self, trigger: Any) -> None:
        try:
            await asyncio.wait_for(trigger.on_kill(), self.kill_timeout)
        except Exception:
            log.warning("on_kill failed", exc_info=True)

    async def _clean(self, trigger: Any) -> None:
        if trigger is None:
            return
        try:
            await trigger.cleanup()
        except Exception:
            log.warning("cleanup failed", exc_info=True)

    def _failed(self, number: int, error: str, lines: list[str]) -> None:
        outcome = {"kind": "failure", "error": supervisor.masked(error), "traceback": [*map(supervisor.masked, lines)]}
        self.channel.send({"type": "trigger_said", "id": number, "outcome": outcome})


def _make(message: dict[str, Any]) -> Any:
    from airflow.utils.module_loading import import_string

    trigger = import_string(message["classpath"])(**decode(message.get("kwargs") or {}))
    trigger.trigger_id = message["id"]
    if message.get("assets"):
        from airflow._runtime.state_store import AssetStateStoreAccessors

        trigger.asset_state_store = AssetStateStoreAccessors(
            [SimpleNamespace(**asset) for asset in message["assets"]], []
        )
    if message.get("ti"):
        trigger.task_instance = SimpleNamespace(**message["ti"])
        trigger.task_id = message["ti"].get("task_id")
    return trigger


def _outcome(event: Any) -> dict[str, Any]:
    from airflow.triggers.base import BaseTaskEndEvent

    if isinstance(event, BaseTaskEndEvent):
        state = str(getattr(event.task_instance_state, "value", event.task_instance_state))
        log.info("trigger ends the task as %s", state)
        return {"kind": "end", "state": state, "xcoms": encode(dict(event.xcoms or {}))}
    log.info("trigger fired: %s", supervisor.masked(str(event)))
    return {"kind": "event", "payload": encode(event.payload)}


def triggers(channel: Channel, job: dict[str, Any]) -> int:
    """Serve triggers until the socket closes."""
    from airflow._runtime.load import prepare_path

    shared = _SharedChannel(channel)
    supervisor.set_channel(shared)  # type: ignore[arg-type]
    logs.attach(shared)  # type: ignore[arg-type]
    logs._handler.addFilter(_NameTrigger())
    for root in reversed(job.get("roots", [])):
        prepare_path(root)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        asyncio.run(Triggers(shared, job.get("on_kill_timeout", 30.0)).serve())
    except Closed:
        return 0
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return 1
    return 0
