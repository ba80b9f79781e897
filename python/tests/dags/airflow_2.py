"""A file as people wrote them for Airflow 2."""

from __future__ import annotations

from datetime import datetime, timedelta

import pendulum
from airflow.decorators import dag, task, task_group
from airflow.models.param import Param
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup


def notify(context):
    print(context)


@dag(
    dag_id="two",
    schedule="0 6 * * 1-5",
    start_date=pendulum.datetime(2021, 1, 1, tz="Europe/Amsterdam"),
    catchup=True,
    max_active_runs=3,
    tags=["b", "a"],
    params={"n": Param(5, type="integer", minimum=1, description="How many"), "flag": True},
    default_args={"retries": 2, "retry_exponential_backoff": True, "max_retry_delay": timedelta(hours=1)},
    on_failure_callback=notify,
    doc_md="# Docs",
    owner_links={"me": "https://example.com"},
)
def two():
    @task(multiple_outputs=True)
    def extract() -> dict:
        """Reads."""
        return {"a": 1}

    @task.branch
    def choose(x):
        return "group.yes"

    @task.bash
    def command():
        return "true"

    data = extract()
    chosen = choose(data["a"])
    with TaskGroup("group", tooltip="Tip") as group:
        yes = EmptyOperator(task_id="yes")
        no = EmptyOperator(task_id="no", on_success_callback=notify)
        with TaskGroup("inner"):
            BashOperator(
                task_id="shell",
                bash_command="echo $X",
                env={"X": "{{ ds }}"},
                append_env=True,
                cwd="/tmp",
                skip_on_exit_code=[99, 7],
                execution_timeout=timedelta(minutes=1),
                pool="p",
                pool_slots=2,
                priority_weight=5,
                weight_rule="absolute",
            )

    @task_group
    def mapped():
        @task
        def double(x, y=1):
            return x * y

        @task
        def collect(values):
            return list(values)

        BashOperator.partial(task_id="many", retries=0).expand(bash_command=["true", "false"])
        collect(double.partial(y=data["a"]).expand(x=[1, 2, {"a": datetime(2020, 1, 1)}]))

    chosen >> Label("yes") >> yes
    chosen >> Label("no") >> no
    group >> command() >> mapped()


two()
