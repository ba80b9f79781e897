"""What Celery's own `control` does to workers, by its effect, and the ways to end a worker. Redis is real, so is Celery."""

from __future__ import annotations

import json
import os
import pathlib
import signal

import pytest
from brokers import RedisBroker, celery, inspect
from system import wait_for
from test_celery import cluster, start_worker, wait_worker

SOURCE = """
from airflow.sdk import dag, task

def wait(folder, n):
    import pathlib, time
    folder = pathlib.Path(folder)
    (folder / f"{n}.begun").touch()
    while not (folder / f"{n}.go").exists() and not (folder / "all.go").exists():
        time.sleep(0.05)
    (folder / f"{n}.done").touch()

@dag(schedule=None)
def gated():
    @task
    def one(n):
        wait("{folder}", n)
    one.expand(n=list(range(8)))

@dag(schedule=None)
def elsewhere():
    @task(queue="other")
    def far():
        pass
    far()

gated(); elsewhere()
"""


class Gated:
    """A cluster on Redis, and eight tasks that end when they are told to."""

    def __init__(self, home, redis):
        self.home, self.redis = cluster(home, redis.url), redis
        self.folder = pathlib.Path(home.path / "gates")
        self.folder.mkdir()
        home.dag("gated.py", SOURCE.replace("{folder}", str(self.folder)))
        home.wait_dag("gated")
        home.wait_dag("elsewhere")

    def worker(self, name, *args):
        worker = start_worker(self.home, name, *args)
        wait_worker(worker)
        return worker

    def control(self, *words):
        return celery(self.redis.url, "control", *words)

    def running(self):
        """Numbers of the tasks that have begun and not ended."""
        ended = {path.stem for path in self.folder.glob("*.done")}
        return {path.stem for path in self.folder.glob("*.begun")} - ended

    def wait_running(self, count):
        wait_for(f"{count} at once", lambda: len(self.running()) == count)

    def open(self, *numbers):
        for number in numbers:
            (self.folder / f"{number}.go").touch()

    def waiting(self):
        """Celery's ids of the tasks whose messages wait, by map index."""
        messages = map(json.loads, self.redis.cli("lrange", "default", "0", "-1").splitlines())
        return {index_of(message["headers"]["argsrepr"]): message["headers"]["id"] for message in messages}

    def active(self, node):
        return {index_of(one["args"]): one["id"] for one in inspect(self.redis.url, "active", node)}

    def states(self, run_id):
        path = f"dags/gated/dagRuns/{run_id}/taskInstances"
        return {one["map_index"]: one["state"] for one in self.home.get(path, limit=100)["task_instances"]}

    def log(self, run_id, index):
        path = f"dags/gated/dagRuns/{run_id}/taskInstances/one/logs/1"
        content = self.home.get(path, map_index=index)["content"]
        return "\n".join(line if isinstance(line, str) else str(line.get("event", "")) for line in content)


def index_of(arguments):
    return int(arguments.partition("'map_index': ")[2].partition(",")[0])


@pytest.fixture
def gated(pg_home, tmp_path):
    redis = RedisBroker(tmp_path)
    yield Gated(pg_home, redis)
    redis.stop()


def test_places_are_added_and_taken_away(gated):
    worker = gated.worker("w1", "--concurrency", "2")
    run_id = gated.home.trigger("gated")
    gated.wait_running(2)
    assert "pool will grow" in gated.control("pool_grow", "2")
    gated.wait_running(4)
    # What runs goes on; places are missing only when it ends.
    assert "pool will shrink" in gated.control("pool_shrink", "3")
    assert inspect(gated.redis.url, "stats", "celery@w1")["pool"]["max-concurrency"] == 1
    assert len(gated.running()) == 4
    first = gated.running()
    gated.open(*first)
    wait_for("the next one", lambda: gated.running() and not gated.running() & first)
    assert "pong" in celery(gated.redis.url, "inspect", "ping")
    assert len(gated.running()) == 1, "one place is left"
    (gated.folder / "all.go").touch()
    gated.home.wait_run("gated", run_id)
    assert worker.stop() == 0


def test_autoscale_is_a_range_that_can_be_moved(gated):
    gated.worker("w1", "--autoscale", "3,1")
    run_id = gated.home.trigger("gated")
    gated.wait_running(3)
    assert "not supported with autoscale" in celery(gated.redis.url, "control", "pool_grow", "1", ok=False)
    assert "autoscale now max=5 min=2" in gated.control("autoscale", "5", "2")
    gated.wait_running(5)
    scaler = inspect(gated.redis.url, "stats", "celery@w1")["autoscaler"]
    assert scaler == {"current": 5, "max": 5, "min": 2, "qty": 5}
    (gated.folder / "all.go").touch()
    gated.home.wait_run("gated", run_id)


def test_tasks_are_revoked(gated):
    node = "celery@w1"
    worker = gated.worker("w1", "--concurrency", "2")
    run_id = gated.home.trigger("gated")
    gated.wait_running(2)
    wait_for("the others in the queue", lambda: len(gated.waiting()) == 6)
    queued, running = gated.waiting(), gated.active(node)
    (before, victim), (survivor, kept) = sorted(queued.items())[-1], sorted(running.items())[0]
    killed, killed_id = sorted(running.items())[1]
    # Without `terminate` what runs goes on, and what has yet to come does not begin.
    gated.control("revoke", victim)
    gated.control("revoke", kept)
    assert victim in inspect(gated.redis.url, "revoked", node)
    assert gated.states(run_id)[survivor] == "running"
    celery(gated.redis.url, "control", "terminate", "SIGTERM", killed_id)
    wait_for("the end of what ran", lambda: gated.states(run_id)[killed] == "failed")
    assert "revoked by remote control" in gated.log(run_id, killed)
    (gated.folder / "all.go").touch()
    gated.home.wait_run("gated", run_id, "failed")
    states = gated.states(run_id)
    assert {index for index, state in states.items() if state == "failed"} == {before, killed}
    assert not (gated.folder / f"{before}.begun").exists(), "it never ran"
    assert "revoked by remote control" in gated.log(run_id, before)
    assert worker.stop() == 0
    assert gated.redis.cli("hlen", "unacked").strip() == "0"


def test_a_task_that_waits_in_the_worker_is_revoked(gated):
    """With prefetched messages: the task is revoked after its worker has taken it."""
    node = "celery@w1"
    gated.home.env["AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER"] = "4"
    gated.worker("w1", "--concurrency", "2")
    run_id = gated.home.trigger("gated")
    gated.wait_running(2)
    wait_for("what waits here", lambda: len(inspect(gated.redis.url, "reserved", node)) == 6)
    victim = inspect(gated.redis.url, "reserved", node)[0]
    index = index_of(victim["args"])
    gated.control("revoke", victim["id"])
    wait_for("its end", lambda: gated.states(run_id)[index] == "failed")
    assert len(gated.running()) == 2, "the others still run"
    assert "revoked by remote control" in gated.log(run_id, index)
    assert not (gated.folder / f"{index}.begun").exists()
    (gated.folder / "all.go").touch()
    gated.home.wait_run("gated", run_id, "failed")


def test_queues_are_added_and_left(gated):
    home, redis = gated.home, gated.redis
    gated.worker("w1", "--queues", "default", "--concurrency", "2")
    first = home.trigger("elsewhere")
    wait_for("a message for nobody", lambda: redis.cli("llen", "other").strip() == "1")
    gated.control("add_consumer", "other")
    home.wait_run("elsewhere", first)
    gated.control("cancel_consumer", "other")
    second = home.trigger("elsewhere")
    wait_for("another", lambda: redis.cli("llen", "other").strip() == "1")
    # The worker goes on with its own queue meanwhile.
    (gated.folder / "all.go").touch()
    home.wait_run("gated", home.trigger("gated"))
    assert redis.cli("llen", "other").strip() == "1"
    assert home.tasks("elsewhere", second)["far"]["state"] == "queued"


def test_the_first_signal_drains_and_the_second_ends_tasks(gated):
    home = gated.home
    pid_file = home.path.parent / "w1.pid"
    worker = gated.worker("w1@%h", "--concurrency", "2", "--pid", str(pid_file))
    assert int(pid_file.read_text()) == worker.pid
    # One that is there already is not trodden on.
    other = home.cli("celery", "worker", "--pid", str(pid_file), ok=False)
    assert other.returncode == 1 and f"process {worker.pid}" in other.stderr, other.stderr
    run_id = home.trigger("gated")
    gated.wait_running(2)
    first, second = gated.running()
    assert "ends when its tasks are over" in home.cli("celery", "stop", "--pid", str(pid_file)).stdout
    wait_for("the farewell", lambda: "waiting for those that run" in worker.output())
    gated.open(first)
    wait_for("the end of one", lambda: gated.running() == {second})
    assert worker.popen.poll() is None, "the other one still runs"
    home.cli("celery", "stop", "--pid", str(pid_file))
    assert worker.popen.wait(30) == 0
    assert not pid_file.exists()
    wait_for("its end", lambda: gated.states(run_id)[int(second)] == "failed")
    assert "its worker was told to end at once" in gated.log(run_id, int(second))
    # The others never began, and wait for somebody else.
    wait_for("messages", lambda: len(gated.waiting()) == 6)
    again = home.cli("celery", "stop", "--pid", str(pid_file), ok=False)
    assert again.returncode == 1 and "cannot read" in again.stderr
    # SIGQUIT asks for both at once.
    third = gated.worker("w2", "--concurrency", "1")
    gated.wait_running(2)
    os.kill(third.pid, signal.SIGQUIT)
    assert third.popen.wait(30) == 0


def test_a_node_is_named_by_its_host(gated):
    host = pathlib.Path("/proc/sys/kernel/hostname").read_text().strip()
    gated.worker("one@%h", "--concurrency", "1")
    gated.worker("worker-%n", "--concurrency", "1")
    listed = [worker["worker_name"] for worker in gated.home.cli_json("celery", "list-workers")]
    assert sorted(listed) == [f"celery@worker-{host.partition('.')[0]}", f"one@{host}"]
    assert "pong" in celery(gated.redis.url, "inspect", "ping", "--destination", f"one@{host}")
    gated.home.cli("celery", "shutdown-all-workers", "--yes")
    workers = [process for process in gated.home.processes if "messages come" in process.output()]
    assert [worker.popen.wait(30) for worker in workers] == [0, 0]
