"""The CeleryExecutor: real brokers, and the real Celery and Flower that see and steer our workers."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from brokers import TOOLS, Flower, RabbitBroker, RedisBroker, celery, inspect
from system import ROOT, wait_for

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

    @task(queue="other")
    def show(text):
        print("got", text)

    show(whoami()) >> BashOperator(task_id="shell", bash_command="echo from the worker")

@dag(schedule=None, max_active_tasks=600)
def many():
    @task
    def one(n):
        return n
    one.expand(n=list(range(60)))

@dag(schedule=None)
def local():
    @task(executor="LocalExecutor")
    def here():
        import os
        return os.getppid()
    here()

@dag(schedule=None)
def slow():
    @task
    def wait():
        import pathlib, time
        while not pathlib.Path("{gate}").exists():
            time.sleep(0.1)
    wait()

remote(); many(); local(); slow()
"""


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    broker = RedisBroker(tmp_path_factory.mktemp("redis"))
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory):
    broker = RabbitBroker(tmp_path_factory.mktemp("rabbit"))
    yield broker
    broker.stop()


def cluster(home, broker_url, **env):
    """api-server, scheduler and dag-processor whose tries a broker tells of."""
    home.env |= {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor,LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "600",
        "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": "1000",
        "AIRFLOW__CELERY__BROKER_URL": broker_url,
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-that-is-only-used-by-this-test",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0.5",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "6",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{home.url}/execution/",
        **env,
    }
    home.dag("remote.py", SOURCE.replace("{gate}", str(home.path / "gate")))
    home.cli("db", "migrate")
    home.cli("variables", "set", "greeting", "hello ")
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    for dag_id in ("remote", "many", "local", "slow"):
        home.wait_dag(dag_id)
    return home


def start_worker(home, name, *args, env=None, prefix=()):
    """A worker in a home of its own that does not know the database; `prefix` starts it elsewhere."""
    own = home.path.parent / name
    own.mkdir(exist_ok=True)
    env = {"AIRFLOW_HOME": str(own), "AIRFLOW__CORE__DAGS_FOLDER": str(home.dags), **(env or {})}
    before, home.env = home.env, {n: v for n, v in home.env.items() if "SQL_ALCHEMY" not in n}
    try:
        return home.start("celery", "worker", "--celery-hostname", name, *args, env=env, name=name, prefix=prefix)
    finally:
        home.env = before


def wait_worker(process):
    wait_for("the worker's connection", lambda: "messages come from the broker" in process.output(), 60)


def test_redis_with_celery_and_flower(pg_home, redis):
    home = cluster(pg_home, redis.url)
    node = "celery@w1"
    needed = home.get("monitor/workers")
    assert (needed["value"], needed["queues"]) == (0, {})
    run_id = home.trigger("remote")
    wait_for("the message", lambda: redis.cli("llen", "default").strip() == "1")
    assert home.get("monitor/workers")["value"] == 1, "one waits, so one worker is needed"
    assert (
        "tradewind_workers_desired 1"
        in home.rest("GET", "monitor/workers", ok=False, params={"format": "prometheus"}).text
    )
    worker = start_worker(home, "w1", "--queues", "default", "--concurrency", "8")
    wait_worker(worker)

    # Celery's own tools.
    assert inspect(redis.url, "ping", node) == {"ok": "pong"}
    assert inspect(redis.url, "stats", node)["pool"]["max-concurrency"] == 8
    assert [queue["name"] for queue in inspect(redis.url, "active_queues", node)] == ["default"]
    assert "add consumer other" in celery(redis.url, "control", "add_consumer", "other")
    home.wait_run("remote", run_id)
    assert "from the worker" in home.log("remote", run_id, "shell")
    assert "got hello" in home.log("remote", run_id, "show")
    assert "pool will grow" in celery(redis.url, "control", "pool_grow", "2")
    assert inspect(redis.url, "stats", node)["pool"]["max-concurrency"] == 10
    assert inspect(redis.url, "registered", node) == ["execute_workload"]

    # Flower: its REST API and its pages.
    flower = Flower(home, redis.url)
    wait_for("the worker in Flower", lambda: node in flower.get("/api/workers", refresh="1").json(), 30)
    home.wait_run("many", home.trigger("many"))

    def done():
        return flower.get("/api/tasks", state="SUCCESS", limit="100").json()

    wait_for("the tasks in Flower", lambda: len(done()) >= 60, 30)
    assert {one["name"] for one in done().values()} == {"execute_workload"}
    assert any("'dag_id': 'many'" in one["args"] for one in done().values())
    see_in_browser(flower, node)

    # More executors than one.
    local = home.trigger("local")
    home.wait_run("local", local)
    assert home.tasks("local", local)["here"]["executor"] == "LocalExecutor"

    # What is being worked on is there for all to see, and a worker that is sent home finishes it.
    slow = home.trigger("slow")
    wait_for("the slow task", lambda: inspect(redis.url, "active", node))
    assert redis.cli("hlen", "unacked").strip() == "1", "acknowledged when it is over"
    assert flower.post(f"/api/worker/shutdown/{node}").ok
    wait_for("the worker's farewell", lambda: "waiting for those that run" in worker.output())
    late = home.trigger("remote")
    (home.path / "gate").touch()
    home.wait_run("slow", slow)
    assert worker.popen.wait(30) == 0
    assert redis.cli("hlen", "unacked").strip() == "0"

    # Nobody is there; the next one finds what waited.
    assert home.get("monitor/workers")["value"] == 1
    second = start_worker(home, "w2", "--queues", "default,other", "--autoscale", "4,1")
    home.wait_run("remote", late)
    listed = home.cli_json("celery", "list-workers")
    assert listed == [{"worker_name": "celery@w2", "queues": "default,other"}]
    assert "no longer consuming from other" in home.cli("celery", "remove-queue", "-q", "other", "-H", "w2").stdout
    home.cli("celery", "shutdown-worker", "-H", "w2")
    assert second.popen.wait(30) == 0


def see_in_browser(flower, node):
    """The worker is on Flower's page, in a real browser."""
    script = ROOT / "ui/e2e/flower.mjs"
    done = subprocess.run(
        ["node", str(script), flower.url, node], cwd=ROOT / "ui", capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_rabbitmq(pg_home, rabbit):
    home = cluster(pg_home, rabbit.url, AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PRIORITY_STEPS="[0, 3, 6, 9]")
    node = "celery@r1"
    run_id = home.trigger("remote")
    worker = start_worker(home, "r1", "--queues", "default", "--concurrency", "8")
    wait_worker(worker)
    assert inspect(rabbit.url, "ping", node) == {"ok": "pong"}
    assert "add consumer other" in celery(rabbit.url, "control", "add_consumer", "other")
    home.wait_run("remote", run_id)
    home.wait_run("many", home.trigger("many"))
    assert inspect(rabbit.url, "stats", node)["total"] == {"execute_workload": 63}
    (home.path / "gate").touch()
    assert home.cli_json("celery", "list-workers")[0]["worker_name"] == node
    celery(rabbit.url, "control", "shutdown", ok=False)  # nobody answers to that
    assert worker.popen.wait(30) == 0


def test_a_broker_that_is_not_there_is_named(home):
    home.env |= {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": "redis://:secret-word@127.0.0.1:1/0",
    }
    done = home.cli("celery", "list-workers", ok=False)
    assert done.returncode == 1
    assert "cannot reach the broker redis://127.0.0.1:1/0" in done.stderr
    assert "broker_url" in done.stderr and "secret-word" not in done.stderr
    done = home.cli("celery", "list-workers", ok=False, env={"AIRFLOW__CELERY__BROKER_URL": "sqs://x"})
    assert done.returncode == 2 and "use redis://" in done.stderr


def test_flower_that_is_not_installed_is_explained(home):
    done = home.cli("celery", "flower", ok=False, env={"AIRFLOW__CELERY__BROKER_URL": "redis://127.0.0.1:1/0"})
    assert done.returncode == 1
    assert re.search(r"Flower is not installed for .*\n.*pip install flower", done.stderr), done.stderr


def test_the_tools_are_the_real_ones():
    out = subprocess.run([TOOLS / "celery", "--version"], capture_output=True, text=True, timeout=60).stdout
    assert re.match(r"5\.\d+", out), json.dumps(out)
