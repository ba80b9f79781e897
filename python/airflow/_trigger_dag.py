"""Starting a run of another DAG from a task's code, by the functions of Airflow 1 and 2."""

from __future__ import annotations

import json
from typing import Any


def trigger_dag(
    dag_id: str,
    run_id: str | None = None,
    conf: dict[str, Any] | str | None = None,
    execution_date: Any = None,
    replace_microseconds: bool = True,
    logical_date: Any = None,
    **kwargs: Any,
) -> Any:
    """Start a run; the run, as ``dag_run`` is in a task's context.

    A date without anything else gives the run its id. Without one, the run is about now, to the second unless
    ``replace_microseconds`` is false, as in Airflow.
    """
    from airflow._runtime import supervisor
    from airflow._runtime.wire import CallError
    from airflow._serialize.values import instant
    from airflow.sdk import timezone
    from airflow.sdk.exceptions import AirflowException
    from airflow.sdk.execution_time.task_instance import DagRun

    date = logical_date or execution_date
    if isinstance(date, str):
        date = timezone.parse(date)
    if date is None:
        date = timezone.utcnow()
        if replace_microseconds:
            date = date.replace(microsecond=0)
    try:
        row = supervisor.call(
            "run_trigger",
            dag_id=dag_id,
            run_id=run_id,
            logical_date=instant(date),
            conf=json.loads(conf) if isinstance(conf, str) else (conf or {}),
        )
    except CallError as error:
        raise AirflowException(f"can't start a run of {dag_id!r}: {error.message}") from None
    return DagRun(dag_id, row)


class Client:
    """What Airflow's local API client does for DAG files: start runs."""

    def __init__(self, api_base_url: str | None = None, auth: Any = None, session: Any = None) -> None:
        self._api_base_url = api_base_url

    def trigger_dag(
        self, dag_id: str, run_id: str | None = None, conf: Any = None, execution_date: Any = None, **kwargs: Any
    ) -> str:
        """Start a run; what was done, in words."""
        run = trigger_dag(dag_id, run_id=run_id, conf=conf, execution_date=execution_date, **kwargs)
        return f"Created {run!r}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from airflow.models.orm import NoDatabase

        raise NoDatabase(f"Client.{name}")
