"""Calling functions with what they take of the context."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk.bases.decorator import determine_kwargs

__all__ = [
    "AIRFLOW_VAR_NAME_FORMAT_MAPPING",
    "DEFAULT_FORMAT_PREFIX",
    "context_to_airflow_vars",
    "determine_kwargs",
    "make_kwargs_callable",
]


def make_kwargs_callable(func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes anything by name and passes on what ``func`` takes."""

    @functools.wraps(func)
    def kwargs_func(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **determine_kwargs(func, args, kwargs))

    return kwargs_func


DEFAULT_FORMAT_PREFIX = "airflow.ctx."
ENV_VAR_FORMAT_PREFIX = "AIRFLOW_CTX_"
_NAMES = ("DAG_ID", "TASK_ID", "EXECUTION_DATE", "TRY_NUMBER", "DAG_RUN_ID", "DAG_OWNER", "DAG_EMAIL")
#: What each id is called for other systems, and in the environment.
AIRFLOW_VAR_NAME_FORMAT_MAPPING = {
    f"AIRFLOW_CONTEXT_{name}": {
        "default": f"{DEFAULT_FORMAT_PREFIX}{name.lower()}",
        "env_var_format": f"{ENV_VAR_FORMAT_PREFIX}{name}",
    }
    for name in _NAMES
}


def context_to_airflow_vars(context: Mapping[str, Any], in_env_var_format: bool = False) -> dict[str, str]:
    """Ids of the running task, named for the environment or for other systems."""
    ti = context["ti"]
    date = ti.logical_date
    task = context.get("task")
    email = getattr(task, "email", None) or ()
    found = {
        "dag_owner": getattr(task, "owner", None),
        "dag_email": email if isinstance(email, str) else ",".join(email),
        "dag_id": ti.dag_id,
        "task_id": ti.task_id,
        "execution_date": date.isoformat() if date is not None else None,
        "try_number": str(ti.try_number),
        "dag_run_id": ti.run_id,
    }
    form = (ENV_VAR_FORMAT_PREFIX if in_env_var_format else DEFAULT_FORMAT_PREFIX) + "{}"
    return {form.format(name.upper() if in_env_var_format else name): text for name, text in found.items() if text}
