"""Three shell commands in a row. Such tasks start without any Python."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "hello_bash",
    description="Says hello, in three shell commands",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["example", "bash"],
):
    hello = BashOperator(task_id="hello", bash_command="echo Hello from run {{ run_id }}")
    where = BashOperator(task_id="where", bash_command='echo "This is $(hostname), try $AIRFLOW_CTX_TRY_NUMBER"')
    bye = BashOperator(task_id="bye", bash_command="echo Goodbye from {{ dag.dag_id }}", retries=2)

    hello >> where >> bye
