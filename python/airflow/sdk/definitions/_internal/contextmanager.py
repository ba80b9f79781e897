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
    """The ``with`` block of setup and teardown tasks around the line that runs. When it ends, what was made in it goes
    between them."""

    _stack: list[SetupTeardownContext] = []

    def __init__(self, setups: list[Any], teardowns: list[Any]) -> None:
        self.setups = setups
        self.teardowns = teardowns
        self.tasks: list[Any] = []

    @classmethod
    def push(cls, *tasks: Any) -> SetupTeardownContext:
        """Enter the scope of setup or teardown tasks."""
        setups: list[Any] = []
        teardowns: list[Any] = []
        for task in tasks:
            if task.is_teardown:
                teardowns.append(task)
                setups.extend(up for up in task.upstream_list if up.is_setup)
            else:
                setups.append(task)
                teardowns.extend(down for down in task.downstream_list if down.is_teardown)
        scope = cls(list(dict.fromkeys(setups)), list(dict.fromkeys(teardowns)))
        cls._stack.append(scope)
        return scope

    @classmethod
    def pop(cls) -> None:
        """Leave a scope."""
        scope = cls._stack.pop()
        scope._close()
        if cls._stack:
            for task in [*scope.setups, *scope.tasks, *scope.teardowns]:
                cls._stack[-1].add_task(task)

    @classmethod
    def adopt(cls, operator: Any) -> None:
        """A task was made."""
        if cls._stack:
            cls._stack[-1].add_task(operator)

    def add_task(self, task: Any) -> None:
        """Put a task into the scope that was made elsewhere."""
        for operator in getattr(task, "roots", [task]) if getattr(task, "is_reference", False) else [task]:
            if not any(operator is known for known in [*self.tasks, *self.setups, *self.teardowns]):
                self.tasks.append(operator)

    def _close(self) -> None:
        ids = {task.task_id for task in self.tasks}
        for task in self.tasks:
            if not task.upstream_task_ids & ids:
                for setup in self.setups:
                    task.set_upstream(setup)
        for task in self.tasks:
            if not task.downstream_task_ids & ids:
                for teardown in self.teardowns:
                    task.set_downstream(teardown)


class ContextWrapper(list[Any]):
    """Several setup or teardown tasks whose scope is entered at once: ``with context_wrapper([a, b])``."""

    def __enter__(self) -> SetupTeardownContext:
        return SetupTeardownContext.push(*(getattr(task, "operator", task) for task in self))

    def __exit__(self, *exc: Any) -> None:
        SetupTeardownContext.pop()


context_wrapper = ContextWrapper


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
