"""Deadlines of DAG runs: a reference, an interval after it, and what to call when the run has not succeeded then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from airflow.sdk.definitions.callback import AsyncCallback, Callback, SyncCallback

__all__ = [
    "AsyncCallback",
    "AverageRuntimeDeadline",
    "BaseDeadlineReference",
    "Callback",
    "DagRunLogicalDateDeadline",
    "DagRunQueuedAtDeadline",
    "DeadlineAlert",
    "DeadlineReference",
    "FixedDatetimeDeadline",
    "SyncCallback",
    "VariableInterval",
    "deadline_reference",
]


class BaseDeadlineReference:
    """From where a deadline counts. Subclasses of users have ``_evaluate_with``, which answers a datetime."""

    required_kwargs: ClassVar[set[str]] = set()

    @property
    def reference_name(self) -> str:
        """The class's name."""
        return type(self).__name__

    def evaluate_with(self, *, session: Any = None, interval: Any = None, **kwargs: Any) -> Any:
        """Call ``_evaluate_with`` with what it needs."""
        missing = self.required_kwargs - kwargs.keys()
        if missing:
            raise ValueError(f"{self.reference_name} needs {', '.join(sorted(missing))}")
        import inspect

        given = {name: kwargs[name] for name in self.required_kwargs}
        parameters = inspect.signature(self._evaluate_with).parameters.values()
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        names = {parameter.name for parameter in parameters}
        if not given:
            given = {name: value for name, value in kwargs.items() if takes_any or name in names}
        if takes_any or "session" in names:
            given["session"] = session
        found = self._evaluate_with(**given)
        return found + interval if found is not None and interval is not None else found

    def _evaluate_with(self, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self.reference_name} has no _evaluate_with method")

    def serialize_reference(self) -> dict[str, Any]:
        """As plain data."""
        return {"reference_type": self.reference_name}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> BaseDeadlineReference:
        """The reverse of :meth:`serialize_reference`."""
        return cls()

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler."""
        return {"type": "custom", "class": type(self).__name__, "when_queued": isinstance(self, _queued())}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseDeadlineReference):
            return NotImplemented
        return self.serialize_reference() == other.serialize_reference()

    def __hash__(self) -> int:
        return hash(self.reference_name)


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """The run's logical date."""

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"type": "logical_date"}


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """When the run was queued."""

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"type": "queued_at"}


@dataclass(eq=False)
class FixedDatetimeDeadline(BaseDeadlineReference):
    """An instant."""

    _datetime: datetime

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        from airflow._serialize.values import instant

        return {"type": "fixed", "at": instant(self._datetime)}

    def serialize_reference(self) -> dict[str, Any]:
        """As plain data; :meth:`deserialize_reference` reads it."""
        return {"reference_type": self.reference_name, "datetime": self._datetime.timestamp()}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> FixedDatetimeDeadline:
        """The reference that :meth:`serialize_reference` wrote."""
        from datetime import timezone

        return cls(datetime.fromtimestamp(reference_data["datetime"], tz=timezone.utc))


@dataclass(eq=False)
class AverageRuntimeDeadline(BaseDeadlineReference):
    """Now, and what the newest runs took on average. No deadline while too few runs have ended."""

    DEFAULT_LIMIT: ClassVar[int] = 10
    max_runs: int
    min_runs: int | None = None

    def __post_init__(self) -> None:
        if self.min_runs is None:
            self.min_runs = self.max_runs
        if self.min_runs < 1:
            raise ValueError("min_runs must be at least 1")

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler, as plain data."""
        return {"type": "average_runtime", "max_runs": self.max_runs, "min_runs": self.min_runs}

    def serialize_reference(self) -> dict[str, Any]:
        """As plain data; :meth:`deserialize_reference` reads it."""
        return {"reference_type": self.reference_name, "max_runs": self.max_runs, "min_runs": self.min_runs}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> AverageRuntimeDeadline:
        """The reference that :meth:`serialize_reference` wrote."""
        most = reference_data.get("max_runs", cls.DEFAULT_LIMIT)
        return cls(most, reference_data.get("min_runs", most))


@dataclass(frozen=True)
class VariableInterval:
    """An interval whose seconds are in a Variable; looked up when a run is made."""

    key: str

    def resolve(self) -> timedelta:
        """The interval now."""
        from airflow.sdk.definitions.variable import Variable

        text = Variable.get(self.key)
        try:
            return timedelta(seconds=float(text))
        except (TypeError, ValueError):
            raise ValueError(
                f"variable {self.key!r} must be a number of seconds to be a deadline's interval, not {text!r}"
            ) from None


class DeadlineAlert:
    """A deadline of every run of a DAG."""

    def __init__(
        self,
        reference: BaseDeadlineReference,
        interval: timedelta | VariableInterval,
        callback: Callback,
        name: str | None = None,
    ) -> None:
        if not isinstance(interval, (timedelta, VariableInterval)):
            raise TypeError(f"a deadline's interval is a timedelta or a VariableInterval, not {interval!r}")
        if not isinstance(callback, (AsyncCallback, SyncCallback)):
            raise ValueError(f"a deadline's callback is an AsyncCallback or a SyncCallback, not {callback!r}")
        self.reference = reference
        self.interval = interval
        self.callback = callback
        self.name = name

    def as_spec(self) -> dict[str, Any]:
        """For the scheduler."""
        from airflow._serialize.values import plain

        path = self.callback.path
        if path.startswith("unusual_prefix_"):  # of a DAG file: where the file is says nothing about the DAG
            path = path.split("_", 3)[-1]
        spec: dict[str, Any] = {
            "reference": self.reference.as_spec(),
            "callback": {
                "path": path,
                "kwargs": plain(self.callback.kwargs),
                "mode": "async" if isinstance(self.callback, AsyncCallback) else "sync",
            },
        }
        if self.name:
            spec["name"] = self.name
        if isinstance(self.interval, VariableInterval):
            spec["interval_variable"] = self.interval.key
        else:
            spec["interval"] = self.interval.total_seconds()
        return spec

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DeadlineAlert):
            return NotImplemented
        mine, theirs = (self.reference, self.interval, self.callback), (other.reference, other.interval, other.callback)
        return mine == theirs

    def __hash__(self) -> int:
        return hash((self.reference, self.interval, self.callback))


class DeadlineReference:
    """The references there are."""

    class TYPES:
        """When references are evaluated."""

        DAGRUN_CREATED: tuple[type, ...] = (DagRunLogicalDateDeadline, FixedDatetimeDeadline, AverageRuntimeDeadline)
        DAGRUN_QUEUED: tuple[type, ...] = (DagRunQueuedAtDeadline,)
        DAGRUN: tuple[type, ...] = DAGRUN_CREATED + DAGRUN_QUEUED

    DAGRUN_LOGICAL_DATE: BaseDeadlineReference = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT: BaseDeadlineReference = DagRunQueuedAtDeadline()

    @classmethod
    def AVERAGE_RUNTIME(
        cls, max_runs: int = 0, min_runs: int | None = None, limit: int | None = None
    ) -> AverageRuntimeDeadline:
        """The average of the newest runs (``limit``: an older name of ``max_runs``)."""
        most = limit or max_runs or AverageRuntimeDeadline.DEFAULT_LIMIT
        return AverageRuntimeDeadline(most, min_runs)

    @classmethod
    def FIXED_DATETIME(cls, dt: datetime) -> FixedDatetimeDeadline:
        """An instant."""
        return FixedDatetimeDeadline(dt)

    @classmethod
    def register_custom_reference(cls, reference_class: type, deadline_reference_type: Any = None) -> type:
        """Make a reference of one's own available as ``DeadlineReference.<its name>``."""
        if not issubclass(reference_class, BaseDeadlineReference):
            raise ValueError(f"{reference_class.__name__} must be a subclass of BaseDeadlineReference")
        kind = deadline_reference_type if deadline_reference_type is not None else cls.TYPES.DAGRUN_CREATED
        try:
            instance = reference_class()
        except TypeError as error:
            raise TypeError(
                f"{reference_class.__name__} must be constructible without arguments: "
                f"give every field a default ({error})"
            ) from error
        if kind is cls.TYPES.DAGRUN_CREATED:
            cls.TYPES.DAGRUN_CREATED = (*cls.TYPES.DAGRUN_CREATED, reference_class)
        elif kind is cls.TYPES.DAGRUN_QUEUED:
            cls.TYPES.DAGRUN_QUEUED = (*cls.TYPES.DAGRUN_QUEUED, reference_class)
        else:
            raise ValueError(f"{kind!r} is none of DeadlineReference.TYPES")
        cls.TYPES.DAGRUN = cls.TYPES.DAGRUN_CREATED + cls.TYPES.DAGRUN_QUEUED
        setattr(cls, reference_class.__name__, instance)
        return reference_class


def _queued() -> tuple[type, ...]:
    return DeadlineReference.TYPES.DAGRUN_QUEUED


def deadline_reference(deadline_reference_type: Any = None) -> Any:
    """Decorator: register a reference of one's own, with or without saying when it is evaluated."""
    if isinstance(deadline_reference_type, type):
        return DeadlineReference.register_custom_reference(deadline_reference_type)

    def decorate(reference_class: type) -> type:
        return DeadlineReference.register_custom_reference(reference_class, deadline_reference_type)

    return decorate


class ReferenceModels:
    """Where Airflow 3.1 had the references."""

    BaseDeadlineReference = BaseDeadlineReference
    DagRunLogicalDateDeadline = DagRunLogicalDateDeadline
    DagRunQueuedAtDeadline = DagRunQueuedAtDeadline
    FixedDatetimeDeadline = FixedDatetimeDeadline
    AverageRuntimeDeadline = AverageRuntimeDeadline
