"""Workers that something starts and stops as the queue says: from none, up within seconds, and back to none."""

from __future__ import annotations

import signal
import threading
from collections import Counter

from brokers import RedisBroker
from system import wait_for
from test_celery import cluster, start_worker

#: A night's batch: sixty tasks at once.
BATCH = """
from airflow.sdk import dag, task

@dag(schedule=None, max_active_tasks=100)
def night():
    @task
    def load(table):
        import os, time
        line = f"{table} {os.getppid()}\\n".encode()
        fd = os.open("{ran}", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(fd, line)
        os.close(fd)
        time.sleep(0.5)
    load.expand(table=list(range(60)))

night()
"""


class Scaler(threading.Thread):
    """What KEDA does with a `metrics-api` trigger whose `targetValue` is 1: as many workers as `value` says, at most
    `most`. It takes the oldest away first, without looking at what that one does."""

    def __init__(self, home, most):
        super().__init__(daemon=True)
        self.home, self.most = home, most
        self.workers, self.leaving, self.started, self.peak = [], [], 0, 0
        self.failure: Exception | None = None
        self._over = threading.Event()

    def run(self):
        try:
            while not self._over.wait(0.2):
                self.look()
        except Exception as failure:  # the test asks for it
            self.failure = failure

    def look(self):
        metric = self.home.get("monitor/workers", queues="default", concurrency="4")
        wanted = min(self.most, metric["value"])
        while len(self.workers) < wanted:
            self.started += 1
            name = f"scaled-{self.started}"
            self.workers.append(start_worker(self.home, name, "--queues", "default", "--concurrency", "4"))
        self.peak = max(self.peak, len(self.workers))
        while len(self.workers) > wanted:
            worker = self.workers.pop(0)
            worker.popen.send_signal(signal.SIGTERM)
            self.leaving.append(worker)

    def close(self):
        self._over.set()
        self.join(30)


def test_from_no_worker_to_three_and_back_to_none(pg_home, tmp_path):
    redis = RedisBroker(tmp_path)
    home = cluster(pg_home, redis.url)
    ran = tmp_path / "ran"
    home.dag("night.py", BATCH.replace("{ran}", str(ran)))
    home.wait_dag("night")

    def workers():
        found = home.get("cluster")["workers"]
        return [one for one in found if one["form"] == "celery" and one["state"] == "online"]

    scaler = Scaler(home, most=3)
    scaler.start()
    try:
        assert home.get("monitor/workers")["value"] == 0 and workers() == [], "nothing to do needs nobody"
        run_id = home.trigger("night")
        wait_for("tasks in a queue that nobody serves yet", lambda: home.get("monitor/workers")["queued"] > 0)
        wait_for("workers", lambda: len(workers()) == 3, 60)
        home.wait_run("night", run_id, timeout=180)
        wait_for("the last worker is sent home", lambda: scaler.failure or not scaler.workers, 60)
        assert scaler.failure is None
        assert [worker.popen.wait(60) for worker in scaler.leaving] == [0] * len(scaler.leaving)
    finally:
        scaler.close()
        redis.stop()

    # Each task ran once, whoever was sent home meanwhile, and on more workers than one.
    lines = [line.split() for line in ran.read_text().splitlines()]
    assert Counter(table for table, _ in lines) == Counter(str(number) for number in range(60))
    assert scaler.peak == 3 and len({host for _, host in lines}) > 1
    tries = home.get(f"dags/night/dagRuns/{run_id}/taskInstances", limit=100)["task_instances"]
    assert {(one["state"], one["try_number"]) for one in tries} == {("success", 1)}
    assert workers() == [] and home.get("cluster")["total_running"] == 0
