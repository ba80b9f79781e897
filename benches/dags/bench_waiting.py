"""10,000 tasks that wait for an instant and 1,000 that wait for a trigger in Python."""

from bench_triggers import Sleeps

from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.sdk import DAG, BaseOperator


class Waits(BaseOperator):
    def __init__(self, number=0, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context):
        self.defer(trigger=Sleeps(), method_name="execute")


with DAG("waiting", schedule=None, max_active_tasks=64):
    for part in range(10):
        DateTimeSensor.partial(task_id=f"native_{part}").expand(target_time=["2100-01-01T00:00:00Z"] * 1000)
    Waits.partial(task_id="python").expand(number=list(range(1000)))
