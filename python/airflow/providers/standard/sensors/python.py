"""Waiting until a function returns something true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from airflow.providers.standard.operators.python import _Over
from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue


class PythonSensor(BaseSensorOperator):
    """Pokes by calling ``python_callable``."""

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise TypeError(f"python_callable of task {self.task_id!r} must be callable, not {python_callable!r}")
        self.python_callable = python_callable
        self.op_args: Collection[Any] = op_args or ()
        self.op_kwargs = op_kwargs or {}
        self.templates_dict = templates_dict

    def poke(self, context: Any) -> PokeReturnValue | bool:
        """Call the function."""
        from airflow._runtime.arguments import accepted

        context.update(templates_dict=self.templates_dict)
        kwargs = accepted(self.python_callable, self.op_args, _Over(self.op_kwargs, context))
        self.log.info("Poking callable: %s", self.python_callable)
        found = self.python_callable(*self.op_args, **kwargs)
        return found if isinstance(found, PokeReturnValue) else bool(found)
