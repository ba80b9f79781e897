"""`airflowctl` from PyPI against our api-server: it logs in, and its commands do what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

DAG = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.operators.empty import EmptyOperator

with DAG("far", schedule=None, start_date=datetime(2024, 1, 1)):
    EmptyOperator(task_id="t")
"""


class Ctl:
    """The program, with a home of its own."""

    def __init__(self, home, folder):
        self.url = home.url
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "AIRFLOW_HOME": str(folder / "ctl")}
        # Keeps the token in a file: a test machine has no keyring.
        self.env["AIRFLOW_CLI_DEBUG_MODE"] = "true"

    def run(self, *args, ok=True):
        done = subprocess.run(
            [sys.executable, "-m", "airflowctl", *args], env=self.env, capture_output=True, text=True, timeout=120
        )
        assert not ok or done.returncode == 0, f"{args}: {done.stdout}\n{done.stderr}"
        return done

    def json(self, *args):
        """The records that a command prints, after what it has to say besides."""
        return json.loads(self.run(*args).stdout.strip().splitlines()[-1])


@pytest.fixture
def ctl(home, tmp_path):
    home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
    home.env["AIRFLOW__API__EXPOSE_CONFIG"] = "True"
    home.dag("far.py", DAG)
    home.cli("db", "migrate")
    home.cli("users", "create", "-u", "ann", "-p", "secret", "-r", "Admin", "-e", "a@x", "-f", "A", "-l", "N")
    home.cli("dags", "reserialize")
    server = home.start("api-server")
    home.wait_healthy(server)
    ctl = Ctl(home, tmp_path)
    login = ("auth", "login", "--api-url", home.url, "--username", "ann", "--password")
    assert ctl.run(*login, "wrong", ok=False).returncode == 1
    ctl.run(*login, "secret")
    return ctl


def test_airflowctl_works_against_the_server(home, ctl):
    assert "3.3" in ctl.run("version", "--remote").stdout
    assert [env["status"] for env in ctl.json("auth", "list-envs")] == ["authenticated"]
    ctl.run("variables", "create", "--key", "k", "--value", "v")
    assert [(v["key"], v["value"]) for v in ctl.json("variables", "list")] == [("k", "v")]
    assert home.cli("variables", "get", "k").stdout.strip() == "v"
    ctl.run("variables", "delete", "k")
    assert ctl.json("variables", "list") == []
    ctl.run("pools", "create", "--name", "p", "--slots", "3")
    assert {pool["name"] for pool in ctl.json("pools", "list")} == {"default_pool", "p"}
    assert ctl.json("pools", "get", "p")[0]["slots"] == "3"
    ctl.run("pools", "delete", "p")
    ctl.run("connections", "create", "--connection-id", "c", "--conn-type", "http")
    assert ctl.json("connections", "get", "c")[0]["conn_type"] == "http"
    ctl.run("connections", "delete", "c")
    assert [dag["dag_id"] for dag in ctl.json("dags", "list")] == ["far"]
    assert ctl.json("dags", "get", "far")[0]["dag_display_name"] == "far"
    ctl.run("dags", "unpause", "far")
    assert home.cli_json("dags", "list")[0]["is_paused"] is False
    ctl.run("dags", "pause", "far")
    assert home.cli_json("dags", "list")[0]["is_paused"] is True
    assert ctl.json("dags", "list-import-errors") == []
    assert ctl.json("assets", "list") == [] and ctl.json("jobs", "list") == []
    assert "LocalExecutor" in ctl.run("config", "get", "core", "executor").stdout
