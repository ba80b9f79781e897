"""``@task.stub``: a task that something outside of this DAG's Python runs."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory


class _StubOperator(DecoratedOperator):
    """Made by ``@task.stub``: has a name, arguments and a place in the graph, and no code."""

    custom_operator_name = "@task.stub"

    def __init__(self, *, python_callable: Callable[..., Any], task_id: str, **kwargs: Any) -> None:
        super().__init__(python_callable=python_callable, task_id=task_id, **kwargs)
        if not _is_empty(python_callable):
            raise ValueError(
                f"the function of @task.stub {task_id!r} must be empty (only a docstring, pass or ...): "
                "nothing here would run it"
            )
        for operator_arguments in (self.op_args, self.op_kwargs.values()):
            for value in operator_arguments:
                if not getattr(value, "is_reference", False):
                    from airflow._runtime.xcom_codec import encode

                    encode(value)

    def execute(self, context: Any) -> Any:
        """There is nothing to run: a worker of another language takes such tasks from its own queue."""
        from airflow.sdk.exceptions import AirflowFailException

        raise AirflowFailException(
            f"@task.stub {self.task_id!r} has no Python code; it is meant for a worker of another language that "
            f"listens on queue {self.queue or 'default'!r}. Write it with @task to run it here"
        )


def _is_empty(function: Callable[..., Any]) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return True  # no source to look at
    made = tree.body[0]
    if not isinstance(made, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in made.body
    )


def stub(
    python_callable: Callable[..., Any] | None = None, queue: str | None = None, executor: str | None = None, **kw: Any
) -> Any:
    """Turn an empty function into a task without code."""
    kw.pop("multiple_outputs", None)
    return task_decorator_factory(
        python_callable,
        multiple_outputs=False,
        decorated_operator_class=_StubOperator,
        queue=queue,
        executor=executor,
        **kw,
    )
