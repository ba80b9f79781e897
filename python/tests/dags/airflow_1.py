"""A file as people wrote them for Airflow 1."""

from datetime import datetime, timedelta

from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import BranchPythonOperator, PythonOperator
from airflow.utils.trigger_rule import TriggerRule

import airflow
from airflow import DAG

default_args = {
    "owner": "airflow",
    "depends_on_past": False,
    "start_date": datetime(2019, 1, 31),
    "email": ["airflow@example.com"],
    "email_on_failure": False,
    "email_on_retry": False,
    "retries": 1,
    "retry_delay": timedelta(minutes=5),
}

assert airflow.utils.dates.days_ago(2).tzinfo

dag = DAG(
    "one",
    default_args=default_args,
    description="A simple tutorial DAG",
    schedule_interval=timedelta(days=1),
    concurrency=4,
    dagrun_timeout=timedelta(hours=2),
)

date = BashOperator(task_id="print_date", bash_command="date", dag=dag)
templated = BashOperator(
    task_id="templated",
    bash_command="{% for i in range(5) %} echo {{ ds }} {{ params.p }} {% endfor %}",
    params={"p": "x"},
    dag=dag,
    xcom_push=True,
)
branch = BranchPythonOperator(task_id="branch", python_callable=lambda **kw: "end", provide_context=True, dag=dag)
end = DummyOperator(task_id="end", trigger_rule=TriggerRule.ONE_SUCCESS, dag=dag)
python = PythonOperator(
    task_id="python", python_callable=print, op_kwargs={"set": {"b", "a", "c"}, "call": print}, dag=dag, queue="q"
)
date.set_downstream([templated, branch])
branch.set_downstream(end)
end.set_upstream(templated)
