"""Strategies that give a task its priority, for authors who want more than ``downstream``, ``upstream``, ``absolute``.

The scheduler never runs an author's code: the strategy is asked while the DAG file is parsed, once for each try that
the task may have, and the answers are part of the serialized DAG.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import Any


class PriorityWeightStrategy(ABC):
    """Gives a task instance its priority. Strategies have no parameters: what they need are class attributes."""

    @abstractmethod
    def get_weight(self, ti: Any) -> int:
        """The priority of a task instance; higher goes first. ``ti.try_number`` counts the tries that it has had."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))

    def __hash__(self) -> int:
        return hash(type(self).__qualname__)


class AskedTaskInstance:
    """What a strategy sees of a task instance that does not exist yet."""

    def __init__(self, task: Any, try_number: int, max_tries: int) -> None:
        self.task = task
        self.task_id = task.task_id
        self.dag_id = task.dag.dag_id
        self.map_index = -1
        self.try_number = self._try_number = try_number
        self.max_tries = max_tries
        self.state = None
        self.operator = task.operator_name
        self.pool = task.pool
        self.pool_slots = task.pool_slots
        self.queue = task.queue
        self.priority_weight = task.priority_weight

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            "a priority weight strategy is asked while the DAG file is parsed, "
            f"when task instances have no {name!r} yet"
        )


def load(value: Any) -> PriorityWeightStrategy | None:
    """The strategy that ``weight_rule`` names: an object, a class, or the path of one. None if it names none."""
    if isinstance(value, str):
        module, _, name = value.rpartition(".")
        if not module:
            return None
        value = getattr(importlib.import_module(module), name, None)
    if isinstance(value, type) and issubclass(value, PriorityWeightStrategy):
        value = value()
    return value if isinstance(value, PriorityWeightStrategy) else None


# A task with more tries than this keeps the priority of the last of these.
_MOST = 33


def priorities(strategy: PriorityWeightStrategy, task: Any, retries: int) -> list[int]:
    """The priority of each try; equal ones at the end are left out."""
    found = []
    for tries_before in range(min(retries + 1, _MOST)):
        weight = int(strategy.get_weight(AskedTaskInstance(task, tries_before, retries)))
        found.append(max(-(2**31), min(2**31 - 1, weight)))
    while len(found) > 1 and found[-1] == found[-2]:
        found.pop()
    return found
