"""A database that a real Airflow left behind is taken over: what people and programs see of it afterwards."""

from __future__ import annotations

import sqlite3

import pytest
import requests
from system import ROOT, wait_for

FIXTURES = ROOT / "crates/store/tests/airflow"
KEY = "ZmVybmV0LWtleS1vZi10aGUtYWRvcHRpb24tdGVzdHM="
# As the Airflow had it, in the words of today.
SOURCE = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.operators.bash import BashOperator

for dag_id in ("shop_orders", "shop_quiet", "shop_stopped"):
    with DAG(dag_id, schedule=None, start_date=datetime(2021, 3, 1)):
        BashOperator(task_id="read", bash_command="true") >> BashOperator(task_id="show", bash_command="true")
"""


@pytest.fixture
def adopted(home, tmp_path, request):
    """A running home with what an Airflow of some version had."""
    old = tmp_path / "airflow.db"
    database = sqlite3.connect(old)
    database.executescript((FIXTURES / f"{request.param}-sqlite.sql").read_text())
    database.close()
    before = old.read_bytes()
    home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
    home.env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "True"
    done = home.cli("db", "import-airflow", "--from", f"sqlite:///{old}", "--fernet-key", KEY)
    assert "connections" in done.stdout and "task instances" in done.stdout, done.stdout
    assert old.read_bytes() == before, "the source was written"
    home.dag("shop.py", SOURCE)
    home.standalone()
    answer = requests.post(f"{home.url}/auth/token", json={"username": "ann", "password": "ann-secret"}, timeout=30)
    assert answer.status_code == 201, f"ann's password of Airflow: {answer.text}"
    home.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    home.wait_dag("shop_stopped")
    # 2.11's debugging executor, which the fixture was made with, calls both tries of a task the first.
    home.tries = [1] if request.param == "2.11.0" else [1, 2]
    return home


@pytest.mark.parametrize("adopted", ["1.10.15", "2.11.0", "3.3.2"], indirect=True)
def test_an_airflow_is_taken_over(adopted):
    home = adopted
    # DAGs that were unpaused stay so, although new ones begin paused here.
    wait_for("DAGs", lambda: home.rest("GET", "dags/shop_quiet", ok=False).ok)
    assert not home.get("dags/shop_quiet")["is_paused"] and home.get("dags/shop_stopped")["is_paused"]
    runs = home.get("dags/shop_orders/dagRuns", limit=100)["dag_runs"]
    assert runs and {run["state"] for run in runs} <= {"success", "failed"}, runs
    run_id = next(run["dag_run_id"] for run in runs if run["state"] == "failed")
    tasks = home.tasks("shop_orders", run_id)
    states = {name: task["state"] for name, task in tasks.items()}
    assert states["read"] == states["show"] == "success" and states["flaky"] == "failed"
    assert states["after"] == "upstream_failed" and states["never"] == "skipped"
    tries = home.get(f"dags/shop_orders/dagRuns/{run_id}/taskInstances/flaky/tries")["task_instances"]
    assert [(t["try_number"], t["state"]) for t in tries] == [(n, "failed") for n in home.tries], tries
    value = home.get(f"dags/shop_orders/dagRuns/{run_id}/taskInstances/read/xcomEntries/return_value")["value"]
    assert value == {"id": 7, "price": 1.5, "tags": ["a", "ü"], "paid": True, "by": None}
    left = home.get("dags/shop_quiet/dagRuns/manual_left")
    assert left["state"] == "failed" and left["conf"] == {"who": "me", "n": [1, 2.5]}
    assert "imported" in left["note"]
    grid = home.http.get(f"{home.url}/ui/grid/runs/shop_orders", timeout=30)
    assert grid.status_code in (200, 404), grid.text
    rows = home.cli_json("dags", "list-runs", "shop_orders")
    assert run_id in {row["run_id"] for row in rows}
    assert home.cli_json("connections", "get", "shop_db")[0]["password"] == "p@ss/w:rd ü%"
    # The old hash has given way to one of today's, and the password stays.
    again = requests.post(f"{home.url}/auth/token", json={"username": "ann", "password": "ann-secret"}, timeout=30)
    assert again.status_code == 201
    # Bob may see one DAG, and edit another.
    bob = requests.post(f"{home.url}/auth/token", json={"username": "bob", "password": "bob-secret"}, timeout=30)
    bearer = {"Authorization": f"Bearer {bob.json()['access_token']}"}
    found = requests.get(f"{home.url}/api/v2/dags", headers=bearer, timeout=30)
    if found.ok:
        assert {dag["dag_id"] for dag in found.json()["dags"]} <= {"shop_orders", "shop_quiet"}
    refused = requests.patch(
        f"{home.url}/api/v2/dags/shop_stopped", json={"is_paused": False}, headers=bearer, timeout=30
    )
    assert refused.status_code in (403, 404)
