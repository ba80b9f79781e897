"""The DAGs that the browser tests use (ui/e2e). The mock server has the same ones."""
import logging
import sys
import time

import pendulum
from airflow.sdk import DAG, Param, task, task_group

START = pendulum.datetime(2024, 1, 1, tz="UTC")
log = logging.getLogger("e2e.hello")


with DAG("e2e_hello", description="Says hello from stdout, stderr and logging", schedule=None, start_date=START, catchup=False, tags=["e2e"]):

    @task
    def hello():
        print("hello from stdout")
        print("hello from stderr", file=sys.stderr)
        log.info("hello from logging")
        log.warning("careful: this is a warning")
        return "hello"

    @task_group
    def work():
        @task
        def left():
            time.sleep(0.1)

        @task
        def right():
            time.sleep(0.2)

        return [left(), right()]

    @task
    def finish():
        print("finished")

    hello() >> work() >> finish()


with DAG(
    "e2e_params",
    description="Has parameters",
    schedule=None,
    start_date=START,
    catchup=False,
    tags=["e2e"],
    params={
        "name": Param("world", type="string", title="Name", minLength=2, description="Whom to greet"),
        "count": Param(3, type="integer", title="Count", minimum=1, maximum=10),
        "loud": Param(False, type="boolean", title="Loud"),
    },
):

    @task
    def show(params=None):
        print(f"hello {params['name']}")

    show()


with DAG("e2e_slow", description="Writes a line every 200 ms for a while", schedule=None, start_date=START, catchup=False, tags=["e2e"]):

    @task
    def tick():
        for n in range(60):
            print(f"tick {n}", flush=True)
            time.sleep(0.2)

    tick()


with DAG("e2e_fails", description="Raises an error", schedule=None, start_date=START, catchup=False, tags=["e2e"]):

    @task
    def boom():
        raise ValueError("no such partition")

    @task
    def never():
        print("never")

    boom() >> never()
