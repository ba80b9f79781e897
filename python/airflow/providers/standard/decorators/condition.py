"""``@task.run_if`` and ``@task.skip_if``: skip a task by what a function says of the context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk.bases.decorator import _TaskDecorator
from airflow.sdk.exceptions import AirflowSkipException


def run_if(condition: Callable[[Any], Any], skip_message: str | None = None) -> Callable[[Any], Any]:
    """Run the task only if the condition is true; put this above ``@task``."""
    return _decorator(condition, True, skip_message)


def skip_if(condition: Callable[[Any], Any], skip_message: str | None = None) -> Callable[[Any], Any]:
    """Skip the task if the condition is true; put this above ``@task``."""
    return _decorator(condition, False, skip_message)


def _decorator(condition: Callable[[Any], Any], wanted: bool, message: str | None) -> Callable[[Any], Any]:
    def mark(task: Any) -> Any:
        if not isinstance(task, _TaskDecorator):
            raise TypeError("run_if and skip_if go above a task decorator such as @task")
        before = task.kwargs.get("pre_execute")

        def check(context: Any) -> None:
            found = condition(context)
            answer, text = found if isinstance(found, tuple) else (found, None)
            if bool(answer) is not wanted:
                raise AirflowSkipException(text or message or "skipped by the task's condition")
            if before is not None:
                before(context)

        task.kwargs["pre_execute"] = check
        return task

    return mark
