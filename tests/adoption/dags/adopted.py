"""DAGs whose rows a real Airflow of any version leaves behind for the tests of `db import-airflow`."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.version import version

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
except ImportError:
    try:
        from airflow.operators.bash import BashOperator
        from airflow.operators.dummy import DummyOperator as EmptyOperator
        from airflow.operators.python import PythonOperator, ShortCircuitOperator
    except ImportError:
        from airflow.operators.bash_operator import BashOperator
        from airflow.operators.dummy_operator import DummyOperator as EmptyOperator
        from airflow.operators.python_operator import PythonOperator, ShortCircuitOperator

try:
    from airflow.sdk import Asset as Dataset
except ImportError:
    try:
        from airflow.datasets import Dataset
    except ImportError:
        Dataset = None

ARGUMENTS = {"owner": "ann", "start_date": datetime(2021, 3, 1), "retries": 0}


def order():
    """A value that every way of keeping XComs can hold."""
    return {"id": 7, "price": 1.5, "tags": ["a", "ü"], "paid": True, "by": None}


def fail():
    """Fails each time."""
    raise ValueError("no stock")


def dag(dag_id, **more):
    """A daily DAG in the arguments of every version."""
    more.setdefault("catchup", False)
    try:
        return DAG(dag_id, schedule="@daily", default_args=ARGUMENTS, **more)
    except TypeError:
        return DAG(dag_id, schedule_interval="@daily", default_args=ARGUMENTS, **more)


with dag(
    "shop_orders", access_control={"analyst": {"can_dag_read" if version.startswith("1.") else "can_read"}}
) as orders:
    read = PythonOperator(task_id="read", python_callable=order)
    show = BashOperator(task_id="show", bash_command="echo {{ ds }} {{ ti.xcom_pull(task_ids='read') }}")
    flaky = PythonOperator(task_id="flaky", python_callable=fail, retries=1, retry_delay=timedelta(seconds=0))
    after = EmptyOperator(task_id="after")
    stop = ShortCircuitOperator(task_id="stop", python_callable=lambda: False)
    never = EmptyOperator(task_id="never")
    read >> show
    read >> flaky >> after
    read >> stop >> never

with dag("shop_quiet") as quiet:
    EmptyOperator(task_id="nothing")

with dag("shop_stopped") as stopped:
    EmptyOperator(task_id="nothing")

if hasattr(PythonOperator, "partial"):
    with dag("shop_mapped") as mapped:
        numbers = PythonOperator(task_id="numbers", python_callable=lambda: [1, 2, 3])
        PythonOperator.partial(task_id="double", python_callable=lambda number: number * 2).expand(
            op_args=numbers.output.map(lambda number: [number])
        )

if Dataset is not None:
    with dag("shop_stock") as stock:
        PythonOperator(task_id="count", python_callable=lambda: 3, outlets=[Dataset("s3://shop/stock")])
