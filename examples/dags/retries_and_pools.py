"""Retries with growing delays, and tasks that share the slots of a pool."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG(
    "retries_and_pools",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_tasks=4,
    default_args={"retries": 3, "retry_delay": timedelta(seconds=1), "retry_exponential_backoff": True},
    tags=["example", "retries", "pools"],
):

    @task
    def third_time_lucky(ti=None) -> str:
        if ti.try_number < 3:
            raise RuntimeError(f"try {ti.try_number} fails on purpose")
        return f"worked at try {ti.try_number}"

    lucky = third_time_lucky()
    for n in range(8):
        # Heavier tasks take more slots of the pool; higher priority goes first.
        lucky >> BashOperator(
            task_id=f"work_{n}",
            bash_command=f"echo slice {n}; sleep 0.2",
            pool="default_pool",
            pool_slots=1 + n % 2,
            priority_weight=n,
        )
