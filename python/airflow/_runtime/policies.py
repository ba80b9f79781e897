"""Cluster policies: what an installation demands of every DAG and task, in ``airflow_local_settings`` or a plugin.

They are applied where DAG files are read, so that what they change is part of the serialized DAG and of every try.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from airflow.sdk.exceptions import (
    AirflowClusterPolicyError,
    AirflowClusterPolicySkipDag,
    AirflowClusterPolicyViolation,
)

_ABSENT: Any = object()
_local: Any = _ABSENT
_hooks: list[Any] | None = None


def local_settings() -> ModuleType | None:
    """The module ``airflow_local_settings`` of this installation; None if there is none."""
    global _local
    if _local is _ABSENT:
        _local = _find()
    found: ModuleType | None = _local
    return found


def _find() -> ModuleType | None:
    from airflow.configuration import AIRFLOW_HOME

    known = sys.modules.get("airflow_local_settings")
    if known is not None:
        return known
    config = os.path.join(AIRFLOW_HOME, "config")
    for folder in [*sys.path, config]:
        path = os.path.join(folder, "airflow_local_settings")
        if os.path.isfile(path + ".py") or os.path.isfile(os.path.join(path, "__init__.py")):
            if config not in sys.path and folder == config:
                sys.path.append(config)
            return import_module("airflow_local_settings")
    return None


def function(name: str) -> Any:
    """A function of the local settings; None if they have none of that name, or were not read (a host never does)."""
    return None if _local is _ABSENT else getattr(_local, name, None)


def implementations(name: str) -> list[Any]:
    """All functions for a policy: those of installed packages (entry points ``airflow.policy``), then the local one."""
    global _hooks
    if _hooks is None:
        from airflow._runtime.plugins import _resolve, entry_points

        _hooks = [_resolve(value) for _, value, _ in entry_points("airflow.policy")]
    found = [getattr(module, name) for module in _hooks if callable(getattr(module, name, None))]
    own = function(name)
    if own is None and name == "task_policy":
        own = function("policy")  # as Airflow 1 called it
    return [*found, own] if own is not None else found


def apply(dag: Any) -> bool:
    """Let the policies look at a DAG and its tasks; False if one wants the DAG left out.

    Raises what a policy raises: ``AirflowClusterPolicyViolation`` as it is, anything else as
    ``AirflowClusterPolicyError``.
    """
    try:
        for policy in implementations("dag_policy"):
            policy(dag)
        task_policies = implementations("task_policy")
        mutations = implementations("task_instance_mutation_hook")
        for task in dag.tasks if task_policies or mutations else ():
            for policy in task_policies:
                policy(task)
            for mutation in mutations:
                _mutate(task, mutation)
    except AirflowClusterPolicySkipDag:
        return False
    except (AirflowClusterPolicyViolation, AirflowClusterPolicyError):
        raise
    except Exception as error:
        raise AirflowClusterPolicyError(f"{type(error).__name__}: {error}") from error
    return True


# What ``task_instance_mutation_hook`` may change, and is a task's own.
_MUTABLE = ("queue", "pool", "pool_slots", "priority_weight", "executor", "executor_config", "max_tries", "run_as_user")


class _FutureInstance:
    """A task instance that does not exist yet: what the hook sees of it while the DAG file is parsed."""

    def __init__(self, task: Any, retries: int) -> None:
        self.task = task
        self.task_id, self.dag_id = task.task_id, task.dag.dag_id
        self.map_index = -1
        self.try_number = 0
        self.max_tries = retries
        self.state = None
        self.operator = task.operator_name
        for name in _MUTABLE:
            if name != "max_tries":
                setattr(self, name, getattr(task, name, None))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            "task_instance_mutation_hook is called while the DAG file is parsed, when task instances have no "
            f"{name!r} yet; decide by the task, or in the task itself"
        )


def _mutate(task: Any, hook: Any) -> None:
    retries = task.retries if isinstance(task.retries, int) else 0
    ti = _FutureInstance(task, retries)
    hook(ti)
    for name in _MUTABLE:
        value = getattr(ti, name)
        if name == "max_tries":
            if value != retries:
                task.retries = value
        elif value != getattr(task, name, None):
            setattr(task, name, value)


def context_variables(ti: Any) -> dict[str, str]:
    """Environment variables that the local settings add to a try (``get_airflow_context_vars``)."""
    give = function("get_airflow_context_vars")
    if give is None:
        return {}
    return {str(name): str(value) for name, value in (give(ti.get_template_context()) or {}).items()}
