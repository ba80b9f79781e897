"""A DAG file as people wrote them for Airflow 1.10. It runs unchanged."""

from datetime import timedelta

import airflow
from airflow import DAG
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.python_operator import PythonOperator

default_args = {
    "owner": "airflow",
    "depends_on_past": False,
    "start_date": airflow.utils.dates.days_ago(2),
    "email": ["airflow@example.com"],
    "email_on_failure": False,
    "email_on_retry": False,
    "retries": 1,
    "retry_delay": timedelta(minutes=5),
}

dag = DAG(
    "classic_1_10",
    default_args=default_args,
    description="A simple tutorial DAG of the 1.10 era",
    schedule_interval=timedelta(days=1),
    catchup=False,
)


def greet(ds, **kwargs):
    print("today is", ds)
    return kwargs["task_instance"].task_id


start = DummyOperator(task_id="start", dag=dag)
print_date = BashOperator(task_id="print_date", bash_command="date", dag=dag)
python = PythonOperator(task_id="greet", python_callable=greet, provide_context=True, dag=dag)
templated = BashOperator(
    task_id="templated",
    bash_command="""
    {% for i in range(3) %}
    echo "{{ ds }} and {{ macros.ds_add(ds, 7) }}: {{ params.my_param }}"
    {% endfor %}
    """,
    params={"my_param": "a parameter"},
    dag=dag,
)

start.set_downstream(print_date)
print_date >> [python, templated]
