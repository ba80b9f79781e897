"""Retry policies: decide by the exception whether a failed try is repeated, and when."""

from __future__ import annotations

import abc
import enum
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Union

log = logging.getLogger(__name__)

__all__ = ["ExceptionRetryPolicy", "RetryAction", "RetryDecision", "RetryPolicy", "RetryRule"]

ExceptionSpec = Union[type, str]


class RetryAction(enum.Enum):
    """What comes after a failure."""

    RETRY = "retry"  # as long as tries are left; the policy cannot add any
    FAIL = "fail"
    DEFAULT = "default"


@dataclass(frozen=True)
class RetryDecision:
    """What a policy decided."""

    action: RetryAction = RetryAction.DEFAULT
    retry_delay: timedelta | None = None
    reason: str | None = None

    @classmethod
    def fail(cls, reason: str | None = None) -> RetryDecision:
        """Fail for good."""
        return cls(RetryAction.FAIL, None, reason)

    @classmethod
    def retry(cls, delay: timedelta | None = None, reason: str | None = None) -> RetryDecision:
        """Try again, after ``delay`` if it is given."""
        return cls(RetryAction.RETRY, delay, reason)

    @classmethod
    def default(cls) -> RetryDecision:
        """As the task's ``retries`` and ``retry_delay`` say."""
        return cls()


class RetryPolicy(abc.ABC):
    """Subclasses say in ``evaluate`` what becomes of a failed try. It runs in the try's own process."""

    @abc.abstractmethod
    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide. ``AirflowFailException`` and ``AirflowSensorTimeout`` fail the task without this being asked."""

    def serialize(self) -> dict[str, Any]:
        """The policy as plain data."""
        raise NotImplementedError(f"{type(self).__name__} has no serialize method")

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RetryPolicy:
        """The reverse of :meth:`serialize`."""
        raise NotImplementedError(f"{cls.__name__} has no deserialize method")


@dataclass
class RetryRule:
    """What to do about one exception, or about any of several: classes, or their import paths."""

    exception: Any
    action: RetryAction = RetryAction.RETRY
    retry_delay: timedelta | None = None
    reason: str | None = None
    match_subclasses: bool = True

    def __post_init__(self) -> None:
        for spec in self._specs():
            if isinstance(spec, str) and "." not in spec:
                raise ValueError(
                    "an exception of a RetryRule is a class or an import path such as 'builtins.ValueError', "
                    f"not {spec!r}"
                )

    def _specs(self) -> list[ExceptionSpec]:
        return list(self.exception) if isinstance(self.exception, (list, tuple)) else [self.exception]

    def _paths(self) -> list[str]:
        return [spec if isinstance(spec, str) else f"{spec.__module__}.{spec.__qualname__}" for spec in self._specs()]

    @property
    def exception_path(self) -> str:
        """Import paths of the exceptions."""
        return ",".join(self._paths())

    def _classes(self) -> Iterator[type]:
        from airflow.utils.module_loading import import_string

        for spec in self._specs():
            if not isinstance(spec, str):
                yield spec
                continue
            try:
                yield import_string(spec)
            except ImportError:
                log.warning("the exception %r of a retry rule can't be imported; it matches nothing", spec)

    def matches(self, exc: BaseException) -> bool:
        """Whether the rule is about this exception."""
        classes = tuple(self._classes())
        return isinstance(exc, classes) if self.match_subclasses else type(exc) in classes

    def serialize(self) -> dict[str, Any]:
        """The rule as plain data."""
        paths = self._paths()
        data: dict[str, Any] = {
            "exception": paths if len(paths) > 1 else paths[0],
            "action": self.action.value,
            "match_subclasses": self.match_subclasses,
        }
        if self.retry_delay is not None:
            data["retry_delay"] = self.retry_delay.total_seconds()
        if self.reason is not None:
            data["reason"] = self.reason
        return data

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RetryRule:
        """The reverse of :meth:`serialize`."""
        delay = data.get("retry_delay")
        return cls(
            data["exception"],
            RetryAction(data["action"]),
            None if delay is None else timedelta(seconds=delay),
            data.get("reason"),
            data.get("match_subclasses", True),
        )


class ExceptionRetryPolicy(RetryPolicy):
    """A list of rules; the first that matches decides."""

    def __init__(self, rules: list[RetryRule], default: RetryAction = RetryAction.DEFAULT) -> None:
        self.rules = list(rules)
        self.default = default

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide about the next try, by the first rule that fits."""
        for rule in self.rules:
            if rule.matches(exception):
                reason = rule.reason or f"Matched rule for {type(exception).__name__}"
                return RetryDecision(rule.action, rule.retry_delay, reason)
        return RetryDecision(self.default)

    def serialize(self) -> dict[str, Any]:
        """What :meth:`deserialize` needs, as plain data."""
        rules = [rule.serialize() for rule in self.rules]
        return {"__type": "ExceptionRetryPolicy", "rules": rules, "default": self.default.value}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> ExceptionRetryPolicy:
        """The one that :meth:`serialize` wrote."""
        rules = [RetryRule.deserialize(rule) for rule in data["rules"]]
        return cls(rules, RetryAction(data.get("default", "default")))
