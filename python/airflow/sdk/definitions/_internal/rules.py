"""Trigger rules and weight rules by name."""

from __future__ import annotations

from enum import Enum
from typing import Any

from airflow.sdk.definitions._internal.types import ArgNotSet
from airflow.sdk.exceptions import AirflowException


class _Text(str, Enum):
    """Members are their text."""

    def __str__(self) -> str:
        text: str = self.value
        return text

    __hash__ = str.__hash__


class TriggerRule(_Text):
    """When a task may go, given its direct upstream tasks."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"
    # Older names: aliases of the members above.
    NONE_FAILED_OR_SKIPPED = "none_failed_min_one_success"
    DUMMY = "always"

    @classmethod
    def is_valid(cls, trigger_rule: str) -> bool:
        """Whether there is such a rule."""
        return trigger_rule in cls.all_triggers()

    @classmethod
    def all_triggers(cls) -> set[str]:
        """Every rule."""
        return {member.value for member in cls}


class WeightRule(_Text):
    """How a task's priority comes from its own and other tasks' ``priority_weight``."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def is_valid(cls, weight_rule: str) -> bool:
        """Whether there is such a rule."""
        return weight_rule in cls.all_weight_rules()

    @classmethod
    def all_weight_rules(cls) -> set[str]:
        """Every rule."""
        return {member.value for member in cls}


_OLD_TRIGGERS = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
_TRIGGERS = {member.value: member for member in TriggerRule}
_WEIGHTS = {member.value: member for member in WeightRule}


def check_trigger_rule(value: Any, task_id: str) -> TriggerRule:
    """The rule by its present name; an error that names the task for any other text."""
    text = str(value)
    known = _TRIGGERS.get(_OLD_TRIGGERS.get(text, text))
    if known is None:
        rules = ", ".join(sorted(_TRIGGERS))
        raise AirflowException(f"trigger_rule of task {task_id!r} is {text!r}; it must be one of {rules}")
    return known


def check_weight_rule(value: Any, task_id: str) -> Any:
    """The rule by name, or the author's own strategy object; an error that names the task otherwise."""
    if isinstance(value, ArgNotSet) or value is None:
        from airflow.configuration import conf

        value = conf.get("core", "default_task_weight_rule", fallback="downstream")
    if isinstance(value, str):
        known = _WEIGHTS.get(str(value))
        if known is not None:
            return known
    from airflow.task.priority_strategy import load

    strategy = load(value)
    if strategy is None:
        rules = ", ".join(sorted(_WEIGHTS))
        raise AirflowException(
            f"weight_rule of task {task_id!r} is {str(value)!r}; it must be one of {rules}, or a "
            "PriorityWeightStrategy (an object, a class, or the path of a class)"
        )
    return strategy
