"""Airflow's Execution API below `/execution`: the genuine task SDK from PyPI against our server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time

import pytest
import task_sdk
from system import ROOT, Home, wait_for

SECRET = "a-secret-that-is-only-used-by-this-test"

#: Each task is played by the SDK's client: nothing here runs where the DAG is parsed.
CLIENT_DAG = """
from datetime import timedelta

from airflow.sdk import DAG, Asset, AssetAlias, dag, task
from airflow.operators.empty import EmptyOperator

made = Asset("made", uri="s3://bucket/made", extra={"owner": "us"})

def never():
    raise AssertionError("no worker of ours runs here")

@dag(schedule=None, tags=["b", "a"])
def sdk():
    @task(outlets=[made, AssetAlias("also")], inlets=[made])
    def talk():
        never()

    @task
    def each(x):
        never()

    each.expand(x=talk())

    @task(retries=1, retry_delay=timedelta(0))
    def again():
        never()

    again()
    for name in ("waits", "pokes", "asks", "fails", "cleared"):
        task(task_id=name)(never)()

    @task
    def chooses():
        never()

    left = EmptyOperator(task_id="left")
    chooses() >> [left, EmptyOperator(task_id="right")]

sdk()

with DAG("child", schedule=None):
    EmptyOperator(task_id="only")

with DAG("consumer", schedule=[made]):
    task(task_id="sees")(never)()
"""

#: Run by the SDK's supervisor and task runner, as they are.
REAL_DAG = """
from airflow.sdk import Asset, Variable, dag, get_current_context, task

@dag(schedule=None)
def real():
    @task(outlets=[Asset("real", uri="s3://bucket/real")])
    def first(ti=None):
        Variable.set("from the sdk", "written")
        ti.xcom_push(key="pushed", value={"deep": (1, 2)})
        context = get_current_context()
        context["outlet_events"][Asset("real", uri="s3://bucket/real")].extra = {"rows": 3}
        print("it runs", context["run_id"])
        return ["a", "b"]

    @task
    def second(found, ti=None):
        assert found == ["a", "b"], found
        assert ti.xcom_pull(task_ids="first", key="pushed") == {"deep": (1, 2)}
        return Variable.get("from the sdk")

    second(first())

real()
"""


def signed(claims):
    """A token as a worker makes it with the secret that it shares with the server."""
    part = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=")  # noqa: E731
    text = part(b'{"typ":"JWT","alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.new(SECRET.encode(), text, hashlib.sha256).digest())).decode()


@pytest.fixture(scope="session")
def sdk_python():
    return task_sdk.installed()


@pytest.fixture(scope="module")
def home(binary, tmp_path_factory, postgres):
    """An api-server and a scheduler whose executor waits for workers, and none of ours."""
    home = Home(binary, tmp_path_factory.mktemp("execution") / "home")
    home.env |= {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.fresh_database(),
        "AIRFLOW__CORE__EXECUTOR": "EdgeExecutor",
        "AIRFLOW__API_AUTH__JWT_SECRET": SECRET,
    }
    home.dag("client.py", CLIENT_DAG)
    home.dag("real.py", REAL_DAG)
    home.cli("db", "migrate")
    home.cli("variables", "set", "greeting", "hello")
    home.cli("connections", "add", "there", "--conn-uri", "http://me:secret@example.com:8080/?x=1")
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor", "triggerer")))
    for dag_id in ("sdk", "child", "consumer", "real"):
        home.wait_dag(dag_id)
    yield home
    home.stop_all()


def play(home, python, script, *args, timeout=180):
    """Runs a script with the SDK."""
    now = int(time.time())
    worker = signed({"sub": "sdk", "scope": "worker", "iat": now, "exp": now + 600})
    bundles = [
        {
            "name": "dags-folder",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(home.dags)},
        }
    ]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home.path.parent),
        "AIRFLOW_HOME": str(home.path.parent / "sdk-home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
    }
    command = [str(python), str(ROOT / "tests/e2e" / script), home.url, worker, *args]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{script} {args}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def test_the_sdks_client_drives_every_operation(home, sdk_python):
    run_id = home.trigger("sdk")
    play(home, sdk_python, "sdk_client.py", SECRET, run_id)
    home.wait_run("sdk", run_id, "failed")
    tasks = home.get(f"dags/sdk/dagRuns/{run_id}/taskInstances", limit=100)["task_instances"]
    states = {(t["task_id"], t["map_index"]): (t["state"], t["try_number"]) for t in tasks}
    assert states == {
        ("talk", -1): ("success", 1),
        ("each", 0): ("success", 1),
        ("each", 1): ("skipped", 1),
        ("again", -1): ("success", 2),
        ("waits", -1): ("success", 1),
        ("pokes", -1): ("success", 1),
        ("asks", -1): ("success", 1),
        ("fails", -1): ("failed", 1),
        ("cleared", -1): ("success", 2),
        ("chooses", -1): ("success", 1),
        ("left", -1): ("skipped", 0),
        ("right", -1): ("success", 1),
    }
    events = home.get("assets/events", source_dag_id="sdk")["asset_events"]
    assert [(e["name"], e["extra"]) for e in events] == [("made", {"rows": 1}), ("also-made", {"by": "alias"})]
    assert home.get(f"dags/sdk/dagRuns/{run_id}/taskInstances/talk")["rendered_fields"] == {"text": "rendered"}
    # Supervisors that are done are no dead workers; who asked for work is one.
    workers = [job for job in home.get("jobs", job_state="running")["jobs"] if job["job_type"] == "WorkerJob"]
    assert [job["hostname"] for job in workers] == ["here"]


def test_the_sdks_supervisor_runs_tasks_of_a_dag_file(home, sdk_python):
    run_id = home.trigger("real")
    play(home, sdk_python, "sdk_supervisor.py", "real", "2")
    home.wait_run("real", run_id)
    found = home.get(f"dags/real/dagRuns/{run_id}/taskInstances/second/xcomEntries/return_value")
    assert found["value"] == "written"
    assert home.cli("variables", "get", "from the sdk").stdout.strip() == "written"
    (event,) = wait_for("the event", lambda: home.get("assets/events", source_dag_id="real")["asset_events"])
    assert event["extra"] == {"rows": 3}
