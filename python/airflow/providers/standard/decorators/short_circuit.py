"""``@task.short_circuit``: a function as a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory


class _ShortCircuitDecoratedOperator(DecoratedOperator, ShortCircuitOperator):
    """Made by ``@task.short_circuit``."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    custom_operator_name = "@task.short_circuit"

    def __init__(
        self, *, python_callable: Callable[..., Any], op_args: Any = None, op_kwargs: Any = None, **kwargs: Any
    ) -> None:
        upstream = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=upstream, **upstream, **kwargs)


def short_circuit_task(
    python_callable: Callable[..., Any] | None = None, multiple_outputs: bool | None = None, **kwargs: Any
) -> Any:
    """Turn a function into a task."""
    return task_decorator_factory(
        python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=_ShortCircuitDecoratedOperator,
        **kwargs,
    )
