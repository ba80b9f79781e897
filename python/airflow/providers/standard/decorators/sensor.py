"""``@task.sensor``: a function that is called until it returns something true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory


class DecoratedSensorOperator(DecoratedOperator, PythonSensor):
    """Made by ``@task.sensor``."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    custom_operator_name = "@task.sensor"

    def __init__(
        self, *, python_callable: Callable[..., Any], op_args: Any = None, op_kwargs: Any = None, **kwargs: Any
    ) -> None:
        kwargs.pop("multiple_outputs", None)
        upstream = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=upstream, **upstream, **kwargs)

    def execute(self, context: Any) -> Any:
        """Poke until it is over."""
        return PythonSensor.execute(self, context)


def sensor_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Turn a function into a sensor."""
    return task_decorator_factory(
        python_callable, multiple_outputs=False, decorated_operator_class=DecoratedSensorOperator, **kwargs
    )
