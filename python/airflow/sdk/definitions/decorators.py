"""``@task`` and its kin, ``@task_group``, ``@setup``, ``@teardown``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk.bases.decorator import _TaskDecorator, task_decorator_factory
from airflow.sdk.definitions.dag import dag
from airflow.sdk.definitions.taskgroup import _TaskGroupFactory, task_group

__all__ = ["TaskDecoratorCollection", "dag", "result", "setup", "task", "task_group", "teardown"]

# Name of the decorator to the module and function that make it.
_KINDS = {
    "python": "airflow.providers.standard.decorators.python:python_task",
    "bash": "airflow.providers.standard.decorators.bash:bash_task",
    "branch": "airflow.providers.standard.decorators.branch_python:branch_task",
    "branch_external_python": (
        "airflow.providers.standard.decorators.branch_external_python:branch_external_python_task"
    ),
    "branch_virtualenv": "airflow.providers.standard.decorators.branch_virtualenv:branch_virtualenv_task",
    "external_python": "airflow.providers.standard.decorators.external_python:external_python_task",
    "short_circuit": "airflow.providers.standard.decorators.short_circuit:short_circuit_task",
    "sensor": "airflow.providers.standard.decorators.sensor:sensor_task",
    "stub": "airflow.providers.standard.decorators.stub:stub",
    "virtualenv": "airflow.providers.standard.decorators.python_virtualenv:virtualenv_task",
    "run_if": "airflow.providers.standard.decorators.condition:run_if",
    "skip_if": "airflow.providers.standard.decorators.condition:skip_if",
}


class TaskDecoratorCollection:
    """``@task``, and ``@task.bash``, ``@task.branch`` … as attributes."""

    def __call__(self, python_callable: Any = None, multiple_outputs: bool | None = None, **kwargs: Any) -> Any:
        """Turn a function into a Python task."""
        from airflow.providers.standard.decorators.python import python_task

        return python_task(python_callable, multiple_outputs=multiple_outputs, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        where = _KINDS.get(name)
        if where is None:
            from airflow._provider_decorators import find

            decorator = find(name)
        else:
            from importlib import import_module

            module, _, function = where.partition(":")
            try:
                decorator = getattr(import_module(module), function)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
                raise AttributeError(f"@task.{name} is not there yet in this version of Tradewind") from None
        setattr(self, name, decorator)
        return decorator


task = TaskDecoratorCollection()


def setup(func: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a task, or a function that becomes one, as setup."""
    if isinstance(func, _TaskGroupFactory):
        raise ValueError("a task group can't be a setup task; mark the tasks in it")
    decorated = func if isinstance(func, _TaskDecorator) else task(func)
    decorated.is_setup = True
    return decorated


def result(function: Any) -> Any:
    """Mark a task: its return value is what a run of the DAG gives to those who wait for it. Goes above ``@task``."""
    if not isinstance(function, _TaskDecorator):
        raise TypeError("@result goes above the @task decorator of a function")
    function.returns_dag_result = True
    return function


def teardown(_func: Any = None, *, on_failure_fail_dagrun: bool = False) -> Callable[..., Any]:
    """Mark a task, or a function that becomes one, as teardown."""

    def mark(func: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(func, _TaskGroupFactory):
            raise ValueError("a task group can't be a teardown task; mark the tasks in it")
        decorated = func if isinstance(func, _TaskDecorator) else task(func)
        decorated.is_teardown = True
        decorated.on_failure_fail_dagrun = on_failure_fail_dagrun
        return decorated

    return mark if _func is None else mark(_func)


__all__ += ["task_decorator_factory"]
