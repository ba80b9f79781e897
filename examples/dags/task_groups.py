"""Task groups: a graph that stays readable. Three regions, each with the same two steps."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG(
    "task_groups",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["example", "groups"],
):
    start = EmptyOperator(task_id="start")
    done = EmptyOperator(task_id="done")

    for region in ("americas", "asia", "europe"):
        with TaskGroup(region, tooltip=f"What happens for {region}") as group:
            fetch = BashOperator(task_id="fetch", bash_command=f"echo fetching {region}")
            check = BashOperator(task_id="check", bash_command=f"echo {region} is complete")
            fetch >> check
        start >> group >> done
