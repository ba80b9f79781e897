"""The style of Airflow 2: a DAG as context manager, classic operators, XComs pushed and pulled by hand."""

from datetime import datetime

from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator


def count_files(ti):
    ti.xcom_push(key="files", value=42)


def enough_files(ti):
    return ti.xcom_pull(task_ids="count_files", key="files") > 10


with DAG(
    dag_id="classic_2_x",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["example", "classic"],
) as dag:
    chain(
        EmptyOperator(task_id="start"),
        PythonOperator(task_id="count_files", python_callable=count_files),
        ShortCircuitOperator(task_id="enough_files", python_callable=enough_files),
        BashOperator(
            task_id="archive",
            bash_command="echo archiving {{ ti.xcom_pull(task_ids='count_files', key='files') }} files",
        ),
    )
