"""One of two branches runs; trigger rules decide what happens after them."""

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG(
    "branching",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["example", "branching", "trigger-rules"],
):

    @task.branch
    def weekday_or_weekend(dag_run=None) -> str:
        return "weekend" if dag_run.run_after.weekday() >= 5 else "weekday"

    @task(retries=0)
    def flaky() -> None:
        raise RuntimeError("this task always fails, to show what comes after")

    weekday = EmptyOperator(task_id="weekday")
    weekend = EmptyOperator(task_id="weekend")
    # Runs although one of the branches was skipped.
    joined = EmptyOperator(task_id="joined", trigger_rule="none_failed_min_one_success")
    # Runs because something failed, and only then.
    tell_someone = EmptyOperator(task_id="tell_someone", trigger_rule="one_failed")
    # Runs in any case; as the last task it makes the run a success.
    clean_up = EmptyOperator(task_id="clean_up", trigger_rule="all_done")

    weekday_or_weekend() >> [weekday, weekend] >> joined
    joined >> flaky() >> tell_someone >> clean_up
