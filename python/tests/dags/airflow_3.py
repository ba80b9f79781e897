"""A file as people wrote them for Airflow 3."""

from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import (
    DAG,
    Asset,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DeltaTriggerTimetable,
    EventsTimetable,
    MultipleCronTriggerTimetable,
    setup,
    task,
    teardown,
)

with DAG("three", schedule=None, fail_fast=True, max_consecutive_failed_dag_runs=2, is_paused_upon_creation=False):

    @setup
    def make(): ...

    @teardown(on_failure_fail_dagrun=True)
    def drop(): ...

    @task(max_active_tis_per_dag=1, depends_on_past=True, wait_for_downstream=True, task_display_name="Shown")
    def work(): ...

    make() >> work() >> drop()

with DAG("macros", schedule="@once", user_defined_macros={"m": 1}, start_date=datetime(2024, 1, 1)):
    BashOperator(task_id="plain", bash_command="true")
    BashOperator(task_id="with_macro", bash_command="echo {{ m }}")
    BashOperator(task_id="file", bash_command="run.sh")
    BashOperator(task_id="processed", bash_command="true", output_processor=str.upper)
    EmptyOperator(task_id="with_outlet", outlets=[Asset("a")])
    EmptyOperator(task_id="empty", end_date=datetime(2025, 1, 1))
    PythonSensor(task_id="sensor", python_callable=print, mode="reschedule", executor="edge", run_as_user="me")


class Custom(BashOperator):
    ui_color = "#123456"


for number, schedule in enumerate(
    [
        "@continuous",
        "@hourly",
        timedelta(hours=6),
        relativedelta(months=1, day=1),
        CronDataIntervalTimetable("0 0 * * *", timezone="America/New_York"),
        CronTriggerTimetable("@daily", timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(hours=1)),
        MultipleCronTriggerTimetable("0 0 * * *", "0 12 * * *", timezone="UTC"),
        DeltaTriggerTimetable(timedelta(days=1), interval=timedelta(days=2)),
        EventsTimetable([datetime(2024, 2, 1), datetime(2024, 1, 1)], restrict_to_events=True),
    ]
):
    with DAG(f"schedule_{number}", schedule=schedule, start_date=datetime(2024, 1, 1)):
        Custom(task_id="custom", bash_command="true")
