"""``@task.bash``: a function that returns the command to run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION


class _BashDecoratedOperator(DecoratedOperator, BashOperator):
    """Made by ``@task.bash``."""

    template_fields = ("bash_command", "op_args", "op_kwargs", "env", "cwd")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "bash_command": "bash",
        "op_args": "py",
        "op_kwargs": "py",
        "env": "json",
    }
    custom_operator_name = "@task.bash"
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            bash_command=SET_DURING_EXECUTION,
            **kwargs,
        )

    def execute(self, context: Any) -> Any:
        """Call the function for the command, render it and run it."""
        from airflow._runtime.arguments import accepted
        from airflow.providers.standard.operators.python import _Over

        kwargs = accepted(self.python_callable, self.op_args, _Over(self.op_kwargs, context))
        self.bash_command = self.python_callable(*self.op_args, **kwargs)
        if not isinstance(self.bash_command, str) or not self.bash_command.strip():
            raise TypeError("the function of a @task.bash must return a command: text that is not empty")
        self.bash_command = self.render_template(self.bash_command, context)
        return BashOperator.execute(self, context)


def bash_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Turn a function into a task that runs the command that it returns."""
    return task_decorator_factory(python_callable, decorated_operator_class=_BashDecoratedOperator, **kwargs)
