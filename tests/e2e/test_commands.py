"""The command line against a running Tradewind: what one writes, the other sees at once."""

from __future__ import annotations

import os
import pathlib
import time

import pytest
from system import ROOT, wait_for

SOURCE = """
from datetime import datetime, timedelta
from airflow.sdk import DAG, Variable, task
from airflow.operators.bash import BashOperator

with DAG("walk", schedule="0 0 * * *", start_date=datetime(2024, 1, 1), end_date=datetime(2024, 1, 3), catchup=True, tags=["t"]):
    a = BashOperator(task_id="a", bash_command="echo {{ var.value.greeting }} {{ ds }}")

    @task
    def b(ti=None):
        return ti.xcom_pull(task_ids="a")

    a >> b()
"""


@pytest.fixture
def running(home):
    home.env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "True"
    home.dag("walk.py", SOURCE)
    home.standalone()
    home.wait_dag("walk")
    home.cli("variables", "set", "greeting", "hello")
    return home


def test_a_walk_through_the_commands(running):
    home = running
    (dag,) = home.cli_json("dags", "list")
    assert dag["dag_id"] == "walk" and dag["is_paused"] is True
    details = {d["property_name"]: d["property_value"] for d in home.cli_json("dags", "details", "walk")}
    assert details["tags"] == ["t"]
    assert home.cli("tasks", "list", "walk").stdout.split() == ["a", "b"]
    assert '"a" -> "b"' in home.cli("dags", "show", "walk").stdout
    assert home.cli("dags", "next-execution", "walk", "-n", "2").stdout.split() == [
        "2024-01-01T00:00:00Z",
        "2024-01-02T00:00:00Z",
    ]
    home.cli("dags", "trigger", "walk", "-r", "one", "-l", "2024-01-02T12:00:00", "-c", '{"x": 1}')
    assert home.cli("dags", "state", "walk", "one").stdout.strip() == 'queued, {"x":1}'
    began = time.monotonic()
    home.cli("unpause", "walk")
    home.wait_run("walk", "one")
    # The scheduler's own polling is far slower than this.
    assert time.monotonic() - began < 8
    assert home.cli("dags", "state", "walk", "2024-01-02T12:00:00").stdout.startswith("success")
    states = {t["task_id"]: t["state"] for t in home.cli_json("tasks", "states-for-dag-run", "walk", "one")}
    assert states == {"a": "success", "b": "success"}
    assert home.cli("tasks", "state", "walk", "a", "one").stdout.strip() == "success"
    assert "hello 2024-01-02" in home.log("walk", "one", "a")

    home.cli("tasks", "clear", "walk", "-t", "^b$", "-s", "2024-01-02T12:00:00", "-e", "2024-01-02T12:00:00", "-y")
    wait_for("the second try of b", lambda: home.tasks("walk", "one")["b"]["try_number"] == 2)
    home.wait_run("walk", "one")
    done = home.cli("tasks", "run", "walk", "a", "one", ok=False)
    assert done.returncode == 1 and "--force" in done.stderr
    assert "ended as success" in home.cli("tasks", "run", "walk", "a", "one", "-f").stdout
    assert home.tasks("walk", "one")["a"]["try_number"] == 2

    runs = home.cli_json("dags", "list-runs", "walk", "--state", "success")
    assert "one" in {r["run_id"] for r in runs}
    assert home.cli("jobs", "check", "--job-type", "SchedulerJob").stdout.strip() == "Found one alive job."
    assert home.cli("dags", "trigger", "walk", "-r", "one", ok=False).returncode == 1
    home.cli("dags", "delete", "walk", "-y")
    assert home.get("dags/~/dagRuns")["total_entries"] == 0


def test_the_old_spellings_work(running):
    home = running
    home.cli("trigger_dag", "walk", "--run_id", "old", "-e", "2024-01-02T13:00:00")
    home.cli("unpause", "walk")
    home.wait_run("walk", "old")
    assert home.cli("dag_state", "walk", "2024-01-02T13:00:00").stdout.strip() == "success"
    assert home.cli("list_tasks", "walk", "-t").stdout.splitlines()[1].strip().endswith(": b>")
    assert home.cli("variables", "-g", "greeting").stdout.strip() == "hello"


def test_trying_a_dag_leaves_no_trace(running):
    home = running
    done = home.cli("dags", "test", "walk", "2024-01-02")
    assert "hello 2024-01-02" in done.stdout and "DAG walk: success" in done.stdout
    done = home.cli("dags", "test", "walk", "2024-05-05")
    assert "is after the end_date" in done.stderr
    done = home.cli("tasks", "test", "walk", "a", "2024-06-06")
    assert "hello 2024-06-06" in done.stdout
    assert home.get("dags/walk/dagRuns")["total_entries"] == 0


def test_trying_a_dag_needs_no_database(home):
    file = home.dag("alone.py", SOURCE.replace("walk", "alone").replace("end_date=datetime(2024, 1, 3), ", ""))
    done = home.cli("dags", "test", "alone", "-f", str(file), env={"AIRFLOW_VAR_GREETING": "hi"})
    assert "hi 20" in done.stdout
    assert not (home.path / "airflow.db").exists()
    done = home.cli("tasks", "test", "alone", "a", ok=False)
    assert done.returncode == 1 and "greeting" in done.stdout


def test_the_examples_run(home):
    home.env["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT / "examples/dags")
    home.standalone()
    files = {file.name for file in (ROOT / "examples/dags").glob("*.py")}
    wait_for("the examples", lambda: {dag["relative_fileloc"] for dag in home.get("dags")["dags"]} == files)
    assert home.get("importErrors")["total_entries"] == 0
    runs = {}
    for dag in home.get("dags")["dags"]:
        dag_id = dag["dag_id"]
        conf = {"seconds": 2} if dag_id == "live_log" else {}
        body = {"dag_run_id": "e2e", "logical_date": "2024-07-07T00:00:00Z", "conf": conf}
        runs[dag_id] = home.rest("POST", f"dags/{dag_id}/dagRuns", json=body)["dag_run_id"]
    for dag_id, run_id in runs.items():
        home.wait_run(dag_id, run_id)


def test_commands_that_need_no_python_answer_at_once(home):
    home.cli("db", "migrate")
    best = min(_timed(home, "dags", "list") for _ in range(5))
    # 30 ms in a release build; a debug build on a busy machine gets some air.
    assert best < 0.2, best


def _timed(home, *command) -> float:
    began = time.monotonic()
    home.cli(*command)
    return time.monotonic() - began


def test_an_airflow_link_answers_as_airflow(home, tmp_path):
    link = pathlib.Path(tmp_path / "airflow")
    os.symlink(home.binary, link)
    home.binary = link
    assert "Usage: airflow" in home.cli("--help").stdout
    assert home.cli("version").stdout.startswith("3.")
