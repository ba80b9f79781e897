"""A worker of the first version at today's server: the messages as 0.1.0 sent them, word for word.

Whoever changes the task API may add fields and calls; what is written here must go on working, because workers are
updated after their server.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import time

import pytest
import requests

SECRET = "a-secret-that-is-only-used-by-this-test"

SOURCE = """
from airflow.sdk import dag, task

@dag(schedule=None)
def handmade():
    @task
    def first():
        raise AssertionError("the worker of this test runs no Python")

    @task
    def second(text):
        raise AssertionError("the worker of this test runs no Python")

    second(first())

handmade()
"""


def signed(claims):
    """A token as the first workers made it: HS256, nothing but sub, scope, iat and exp."""
    part = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=")  # noqa: E731
    text = part(b'{"typ":"JWT","alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.new(SECRET.encode(), text, hashlib.sha256).digest())).decode()


def instant():
    return datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")


class OldWorker:
    """What 0.1.0 knew of the task API."""

    def __init__(self, url):
        self.url = f"{url}/task-api/v1"
        now = int(time.time())
        self.token = signed({"sub": "old-worker", "scope": "worker", "iat": now, "exp": now + 600})

    def post(self, path, body, token=None):
        answer = requests.post(
            f"{self.url}/{path}", json=body, headers={"Authorization": f"Bearer {token or self.token}"}, timeout=30
        )
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def register(self):
        hello = {"version": "0.1.0", "hostname": "old", "pid": 5, "queues": ["default"], "concurrency": 1}
        welcome = self.post("register", hello)
        assert isinstance(welcome["worker_id"], int) and isinstance(welcome["version"], str)
        assert welcome["heartbeat_ms"] > 0
        self.id = welcome["worker_id"]

    def claim(self):
        for _ in range(20):
            body = {"worker_id": self.id, "queues": ["default"], "free_slots": 1, "wait_ms": 5000}
            if found := self.post("claim", body):
                return found[0]
        raise AssertionError("nothing to claim")

    def start(self, work):
        self.work, self.path = work, f"tries/{work['try_id']}"
        body = {"try_id": work["try_id"], "worker_id": self.id, "hostname": "old", "pid": 5, "at": instant()}
        return self.post(f"{self.path}/start", body, work["token"])

    def call(self, method, **arguments):
        return self.post(f"{self.path}/call", {"method": method, **arguments}, self.work["token"])

    def log(self, offset, text):
        answer = requests.post(
            f"{self.url}/{self.path}/log?offset={offset}",
            data=text.encode(),
            headers={"Authorization": f"Bearer {self.work['token']}", "Content-Type": "application/json"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text

    def finish(self, state, xcoms=None):
        body = {
            "try_id": self.work["try_id"],
            "state": state,
            "at": instant(),
            "reason": None,
            "xcoms": xcoms or {},
            "reschedule_at": None,
            "skip": [],
            "max_rss_kb": 20000,
            "cpu_ms": 3,
        }
        return self.post(f"{self.path}/finish", body, self.work["token"])


@pytest.fixture
def server(pg_home):
    home = pg_home
    home.env |= {"AIRFLOW__CORE__EXECUTOR": "EdgeExecutor", "AIRFLOW__API_AUTH__JWT_SECRET": SECRET}
    home.dag("handmade.py", SOURCE)
    home.cli("db", "migrate")
    home.cli("variables", "set", "greeting", "hello")
    home.cli("connections", "add", "warehouse", "--conn-uri", "postgres://u:p@h:5432/d")
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    home.wait_dag("handmade")
    return home


def test_a_worker_of_the_first_version_runs_a_dag_on_this_server(server):
    home, run_id = server, server.trigger("handmade")
    worker = OldWorker(home.url)
    worker.register()

    work = worker.claim()
    # The fields that 0.1.0 could not do without.
    missing = {
        "try_id", "token", "dag_id", "task_id", "map_index", "try_number", "max_tries", "run", "lane", "bundle", "file",
        "dag_version", "operator", "pool", "pool_slots", "queue", "priority", "queued_at", "do_xcom_push", "owner",
    } - set(work)  # fmt: skip
    assert not missing
    assert {"run_id", "run_type", "logical_date", "run_after", "conf"} <= set(work["run"])
    assert (work["dag_id"], work["task_id"], work["run"]["run_id"]) == ("handmade", "first", run_id)
    assert worker.start(work) == "started"
    assert worker.post("heartbeat", {"worker_id": worker.id, "tries": [work["try_id"]]})["terminate"] == []
    line = json.dumps({"timestamp": instant(), "level": "info", "logger": "task", "event": "an old worker was here"})
    worker.log(0, line + "\n")

    assert worker.call("variable_get", key="greeting") == "hello"
    connection = worker.call("connection_get", conn_id="warehouse")
    assert (connection["conn_type"], connection["host"], connection["port"]) == ("postgres", "h", 5432)
    worker.call("variable_set", key="left", value="behind")
    worker.call("xcom_set", key="extra", value={"rows": 3})
    assert worker.call("task_states", task_ids=["second"])[0]["task_id"] == "second"
    assert worker.call("run_count", states=["running"]) == 1
    assert worker.call("run_get", run_id=run_id)["run_id"] == run_id
    worker.post(f"{worker.path}/rendered", {"op_args": "[]"}, work["token"])
    assert worker.finish("success", {"return_value": "from the past"}) == "recorded"

    work = worker.claim()
    assert work["task_id"] == "second"
    assert worker.start(work) == "started"
    assert worker.call("xcom_get", key="return_value", task_id="first") == "from the past"
    assert worker.call("xcom_get", key="extra", task_id="first") == {"rows": 3}
    assert worker.finish("success") == "recorded"

    home.wait_run("handmade", run_id)
    assert "an old worker was here" in home.log("handmade", run_id, "first")
    assert home.get("variables/left")["value"] == "behind"


def test_a_server_overlooks_what_a_newer_worker_says_besides(server):
    run_id = server.trigger("handmade")
    worker = OldWorker(server.url)
    hello = {"version": "9.0.0", "hostname": "new", "pid": 5, "queues": ["default"], "concurrency": 1, "colour": "red"}
    worker.id = worker.post("register", hello)["worker_id"]
    work = worker.claim()
    assert worker.start(work) == "started"
    # A call that this server does not have is refused by name, and harms nothing.
    answer = requests.post(
        f"{worker.url}/{worker.path}/call",
        json={"method": "foretell", "task": "second"},
        headers={"Authorization": f"Bearer {work['token']}"},
        timeout=30,
    )
    assert answer.status_code == 400 and "foretell" in answer.json()["message"], answer.text
    body = {"try_id": work["try_id"], "state": "failed", "at": instant(), "reason": "so it was", "mood": "fine"}
    assert worker.post(f"{worker.path}/finish", body, work["token"]) == "recorded"
    server.wait_run("handmade", run_id, state="failed")
