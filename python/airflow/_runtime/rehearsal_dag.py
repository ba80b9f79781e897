"""A DAG file as users write them, for a starting host to practise on (:mod:`airflow._runtime.rehearse`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG(
    "rehearsal_of_parsing",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["rehearsal"],
):

    @task
    def count(n: int) -> int:
        """Something to call."""
        return n

    start = EmptyOperator(task_id="start")
    for i in range(3):
        last = BashOperator(task_id=f"shell_{i}", bash_command="echo {{ ds }}")
        start >> last >> EmptyOperator(task_id=f"after_{i}")
    start >> count(count(1))
