"""Workers as processes of their own: over HTTP, without database credentials."""

from __future__ import annotations

import pytest
from system import wait_for

SOURCE = """
from airflow.sdk import dag, task
from airflow.operators.bash import BashOperator

@dag(schedule=None)
def remote():
    @task
    def whoami():
        import os
        assert not any("SQL_ALCHEMY" in name for name in os.environ), "the worker knows the database"
        from airflow.models import Variable
        return Variable.get("greeting") + str(os.getppid())

    @task
    def show(text):
        print("got", text)

    show(whoami()) >> BashOperator(task_id="shell", bash_command="echo from the worker")

remote()
"""


@pytest.fixture
def cluster(pg_home):
    """api-server, scheduler and dag-processor for workers that ask over HTTP."""
    home = pg_home
    home.env |= {
        "AIRFLOW__CORE__EXECUTOR": "EdgeExecutor",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-that-is-only-used-by-this-test",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "4",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0.5",
    }
    home.dag("remote.py", SOURCE)
    home.cli("db", "migrate")
    home.cli("variables", "set", "greeting", "hello ")
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    home.wait_dag("remote")
    return home


def start_worker(home, *args):
    env = {name: value for name, value in home.env.items() if "SQL_ALCHEMY" not in name}
    env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"{home.url}/execution/"
    # A home of its own, as on another machine: nothing there but the DAG files.
    own = home.path.parent / "worker-home"
    own.mkdir(exist_ok=True)
    env["AIRFLOW_HOME"] = str(own)
    env["AIRFLOW__CORE__DAGS_FOLDER"] = str(home.dags)
    before = dict(home.env)
    home.env = env
    try:
        return home.start("worker", *args)
    finally:
        home.env = before


def test_a_worker_runs_tasks_over_http(cluster):
    home = cluster
    run_id = home.trigger("remote")
    start_worker(home)
    home.wait_run("remote", run_id)
    assert "from the worker" in home.log("remote", run_id, "shell")
    assert "got hello" in home.log("remote", run_id, "show")


def test_a_killed_workers_tasks_are_taken_over(cluster, tmp_path):
    home = cluster
    home.dag(
        "slow.py",
        f"""
        from datetime import timedelta
        from airflow.sdk import dag, task

        @dag(schedule=None)
        def slow():
            @task(retries=1, retry_delay=timedelta(milliseconds=10))
            def work(ti=None):
                import pathlib, time
                with open("{tmp_path}/tries", "a") as f:
                    f.write(f"{{ti.try_number}}\\n")
                time.sleep(60 if ti.try_number == 1 else 0)

            work()

        slow()
        """,
    )
    home.wait_dag("slow")
    first = start_worker(home)
    run_id = home.trigger("slow")
    wait_for("the first try", (tmp_path / "tries").exists)
    first.kill()
    start_worker(home)
    home.wait_run("slow", run_id)
    assert (tmp_path / "tries").read_text().split() == ["1", "2"]
    tries = home.get(f"dags/slow/dagRuns/{run_id}/taskInstances/work/tries")["task_instances"]
    assert len(tries) == 2
