"""A first DAG as people wrote it for Airflow 1.10, unchanged: scheduled, run, its log read."""

from __future__ import annotations

from system import wait_for

SOURCE = """
import airflow
from airflow import DAG
from datetime import timedelta
from airflow.operators.bash_operator import BashOperator

default_args = {
    'owner': 'airflow',
    'depends_on_past': False,
    'start_date': airflow.utils.dates.days_ago(2),
    'email': ['airflow@example.com'],
    'email_on_failure': False,
    'email_on_retry': False,
    'retries': 1,
    'retry_delay': timedelta(minutes=5),
}

dag = DAG('demo', default_args=default_args, description='A first DAG', schedule_interval=timedelta(days=1))

t1 = BashOperator(task_id='print_date', bash_command='date', dag=dag)
"""


def test_a_first_dag_of_old_runs_by_its_schedule(home):
    home.env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"
    home.dag("demo.py", SOURCE)
    home.standalone()
    home.wait_dag("demo")
    runs = wait_for("a run", lambda: home.get("dags/demo/dagRuns")["dag_runs"])
    home.wait_run("demo", runs[0]["dag_run_id"])
    assert "UTC" in home.log("demo", runs[0]["dag_run_id"], "print_date")
