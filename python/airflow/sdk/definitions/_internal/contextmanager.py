"""Which DAG, task group or setup task surrounds the line that runs."""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup


class DagContext:
    """The innermost ``with DAG(...)``, and the DAGs that a file made that way."""

    _stack: list[DAG] = []
    autoregistered: list[tuple[DAG, str | None]] = []
    module_name: str | None = None

    @classmethod
    def push(cls, dag: DAG) -> None:
        """Enter a DAG."""
        cls._stack.append(dag)
        if dag.auto_register:
            cls.autoregistered.append((dag, cls.module_name))

    @classmethod
    def pop(cls) -> DAG | None:
        """Leave a DAG."""
        return cls._stack.pop() if cls._stack else None

    push_context_managed_dag = push
    pop_context_managed_dag = pop

    @classmethod
    def get_current(cls) -> DAG | None:
        """The innermost DAG."""
        return cls._stack[-1] if cls._stack else None

    get_current_dag = get_current


class TaskGroupContext:
    """The innermost ``with TaskGroup(...)``."""

    _stack: list[TaskGroup] = []

    @classmethod
    def push(cls, group: TaskGroup) -> None:
        """Enter a group."""
        cls._stack.append(group)

    @classmethod
    def pop(cls) -> TaskGroup | None:
        """Leave a group."""
        return cls._stack.pop() if cls._stack else None

    @classmethod
    def get_current(cls, dag: DAG | None = None) -> TaskGroup | None:
        """The innermost group, else the root group of the DAG."""
        if cls._stack and (dag is None or cls._stack[-1].dag is dag or cls._stack[-1].dag is None):
            return cls._stack[-1]
        if dag is None:
            dag = DagContext.get_current()
        return dag.task_group if dag is not None else None


class SetupTeardownContext:
    """The setup and teardown tasks whose ``with`` block surrounds the line that runs."""

    _stack: list[tuple[list[Any], list[Any]]] = []

    @classmethod
    def push(cls, setups: list[Any], teardowns: list[Any]) -> None:
        """Enter a scope."""
        cls._stack.append((setups, teardowns))

    @classmethod
    def pop(cls) -> None:
        """Leave a scope."""
        cls._stack.pop()

    @classmethod
    def adopt(cls, operator: Any) -> None:
        """Put a new task between the scope's setup and teardown tasks."""
        if not cls._stack:
            return
        setups, teardowns = cls._stack[-1]
        if operator in setups or operator in teardowns or operator.is_setup or operator.is_teardown:
            return
        for setup in setups:
            operator.set_upstream(setup)
        for teardown in teardowns:
            operator.set_downstream(teardown)


_OURS = __file__.rsplit("/sdk/", 1)[0]


def caller() -> tuple[str, int]:
    """File and line of the nearest frame that is not this package's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_OURS) and not name.startswith("<"):
            return name, frame.f_lineno
        frame = frame.f_back
    return "", 0
