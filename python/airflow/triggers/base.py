"""The base classes of triggers and of their events."""

from __future__ import annotations

import abc
import json
import logging
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions._internal.templater import Templater

__all__ = [
    "BaseEventTrigger",
    "BaseTaskEndEvent",
    "BaseTrigger",
    "StartTriggerArgs",
    "TaskFailedEvent",
    "TaskSkippedEvent",
    "TaskSuccessEvent",
    "TriggerEvent",
]


@dataclass
class StartTriggerArgs:
    """What a task that starts as a trigger waits for, and how it goes on."""

    trigger_cls: str
    next_method: str
    trigger_kwargs: dict[str, Any] | None = None
    next_kwargs: dict[str, Any] | None = None
    timeout: timedelta | None = None


class BaseTrigger(Templater, abc.ABC):
    """Waits in a coroutine. Made in a task, run in a triggerer: :meth:`serialize` says how it is made again there."""

    supports_triggerer_queue = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.trigger_id: int | None = None
        self.task_instance: Any = None
        self.task_id: str | None = None
        self.template_fields: Any = ()
        self.template_ext: Any = ()

    @property
    def log(self) -> logging.Logger:
        """The trigger's logger."""
        kind = type(self)
        return logging.getLogger(f"airflow.triggers.{kind.__module__}.{kind.__qualname__}")

    @property
    def task(self) -> Any:
        """The task that waits, where it is known."""
        return getattr(self.task_instance, "task", None)

    @abc.abstractmethod
    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The path of the class, and the arguments that make it again."""

    @abc.abstractmethod
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event when the waiting is over."""

    async def cleanup(self) -> None:
        """Called when the trigger leaves a triggerer, for whatever reason."""

    async def on_kill(self) -> None:
        """Called when a person ended the task that waits: end what runs elsewhere for it."""

    @staticmethod
    def repr(classpath: str, kwargs: dict[str, Any]) -> str:
        """As people see it."""
        return f"<{classpath} {', '.join(f'{name}={value}' for name, value in kwargs.items())}>"

    def __repr__(self) -> str:
        return self.repr(*self.serialize())


class BaseEventTrigger(BaseTrigger):
    """A trigger whose every event can become an event of an asset."""

    supports_triggerer_queue = False

    @staticmethod
    def hash(classpath: str, kwargs: dict[str, Any]) -> int:
        """The same number for the same trigger."""
        from airflow._runtime.xcom_codec import encode

        return hash((classpath, json.dumps(encode(kwargs), sort_keys=True)))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        #: In a triggerer: what is remembered of the assets that it watches.
        self.asset_state_store: Any = None

    def shared_stream_key(self) -> Hashable | None:
        """Triggers with the same key share one reader. None: it reads on its own."""
        return None

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Read for all triggers of one key, for ever; ``kwargs`` are those of any of them."""
        raise NotImplementedError(f"{cls.__name__} has a shared_stream_key and no open_shared_stream")
        yield

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> Any:
        """Instead of :meth:`open_shared_stream`: a ``SharedStreamProducer``, which learns what was dealt with."""
        raise NotImplementedError(f"{cls.__name__} has no create_shared_stream_producer")

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """This trigger's own events, made from what the reader reads."""
        raise NotImplementedError(f"{type(self).__name__} has a shared_stream_key and no filter_shared_stream")
        yield


class TriggerEvent:
    """What a trigger says when the waiting is over."""

    def __init__(self, payload: Any = None, **kwargs: Any) -> None:
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TriggerEvent) and type(other) is type(self) and other.payload == self.payload

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"TriggerEvent<{self.payload!r}>"


class BaseTaskEndEvent(TriggerEvent):
    """Ends the task, which then does not go on."""

    task_instance_state: str

    def __init__(self, *, xcoms: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(str(self.task_instance_state), **kwargs)
        self.xcoms = xcoms


class TaskSuccessEvent(BaseTaskEndEvent):
    """Ends the task as a success."""

    task_instance_state = "success"


class TaskFailedEvent(BaseTaskEndEvent):
    """Ends the task as failed, without another try."""

    task_instance_state = "failed"


class TaskSkippedEvent(BaseTaskEndEvent):
    """Ends the task as skipped."""

    task_instance_state = "skipped"
