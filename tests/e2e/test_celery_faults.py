"""What brokers and workers do to each other, with real ones: every task ends once, none runs twice at the same time.

Small here; `make celery-faults` runs the same with 500 tasks (TASKS=500).
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess

import pytest
from brokers import RedisBroker
from system import wait_for
from test_celery import cluster, start_worker, wait_worker

TASKS = int(os.environ.get("TASKS") or 40)
#: What each task writes: when it began and ended, to see whether one ran twice at once.
SOURCE = """
from datetime import timedelta
from airflow.sdk import dag, task

@dag(schedule=None, max_active_tasks=1000)
def crowd():
    @task(retries=2, retry_delay=timedelta(seconds=0))
    def one(n):
        import os, pathlib, time
        folder = pathlib.Path("{folder}")
        mine = folder / f"{n}.running"
        fd = os.open(mine, os.O_CREAT | os.O_RDWR)
        import fcntl
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            (folder / f"{n}.twice").touch()
            raise
        with open(folder / f"{n}.begun", "a") as out:
            out.write("x")
        while (folder / "hold").exists():
            time.sleep(0.05)
        time.sleep(0.05)
        with open(folder / f"{n}.done", "a") as out:
            out.write("x")
    one.expand(n=list(range({tasks})))
crowd()
"""


@pytest.fixture
def redis(tmp_path):
    broker = RedisBroker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def crowd(pg_home, redis):
    """A cluster with one worker of 16, and a DAG whose tasks write down that they ran."""
    home = cluster(pg_home, redis.url)
    return Crowd(home)


class Crowd:
    def __init__(self, home):
        self.home = home
        self.folder = pathlib.Path(home.path / "seen")
        self.folder.mkdir()
        source = SOURCE.replace("{folder}", str(self.folder)).replace("{tasks}", str(TASKS))
        home.dag("crowd.py", source)
        home.wait_dag("crowd")

    def hold(self):
        (self.folder / "hold").touch()

    def go_on(self):
        (self.folder / "hold").unlink()

    def begun(self):
        return len(list(self.folder.glob("*.begun")))

    def check(self, run_id, at_most=1):
        """Every task ended well, was done once, and never ran twice at once."""
        self.home.wait_run("crowd", run_id, timeout=120 + TASKS)
        assert not list(self.folder.glob("*.twice"))
        done = {n: (self.folder / f"{n}.done").read_text() for n in range(TASKS)}
        assert set(done.values()) == {"x"}, "each was done once"
        begun = [len((self.folder / f"{n}.begun").read_text()) for n in range(TASKS)]
        assert max(begun) <= at_most, begun


def scheduler(home):
    return next(process for process in home.processes if process.name == "scheduler")


def test_a_broker_that_is_restarted_and_one_that_is_emptied(crowd, redis):
    home = crowd.home
    worker = start_worker(home, "w1", "--concurrency", "8")
    wait_worker(worker)
    crowd.hold()
    run_id = home.trigger("crowd")
    wait_for("eight tasks", lambda: crowd.begun() == 8)
    assert int(redis.cli("llen", "default")) == TASKS - 8
    # Redis keeps nothing over a restart here: it is emptied as well.
    redis.stop()
    wait_for("the loss", lambda: "the connection to the broker is lost" in worker.output())
    redis.start()
    wait_for("the way back", lambda: worker.output().count("messages come from the broker") == 2, 60)
    crowd.go_on()
    crowd.check(run_id)
    assert "no message tells of any more" in scheduler(home).output()


def test_a_worker_that_is_killed(crowd):
    home = crowd.home
    worker = start_worker(home, "w1", "--concurrency", "16")
    crowd.hold()
    run_id = home.trigger("crowd")
    wait_for("16 tasks", lambda: crowd.begun() == 16, 60)
    # With all that it started: the machine is gone.
    children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True).stdout.split()
    worker.kill()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    crowd.go_on()
    second = start_worker(home, "w2", "--concurrency", "16")
    wait_worker(second)
    crowd.check(run_id, at_most=2)
    assert "a running try was lost" in scheduler(home).output()


def test_a_worker_that_is_cut_off_ends_its_tasks_before_others_run_them(crowd):
    """The worker is stopped from reaching the server: a proxy in between that is taken away."""
    home = crowd.home
    proxy = Proxy(home.port)
    try:
        own = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{proxy.port}/execution/"}
        before, home.env = home.env, {**home.env, **own}
        cut = start_worker(home, "w1", "--concurrency", "8")
        home.env = before
        wait_worker(cut)
        crowd.hold()
        run_id = home.trigger("crowd")
        wait_for("eight tasks", lambda: crowd.begun() == 8)
        other = start_worker(home, "w2", "--concurrency", "8")
        wait_worker(other)
        proxy.cut()
        wait_for("the end of its tasks", lambda: "takes these tries as lost" in cut.output(), 60)
        wait_for("others", lambda: "a running try was lost" in scheduler(home).output(), 60)
        proxy.mend()
        crowd.go_on()
        crowd.check(run_id, at_most=3)
    finally:
        proxy.stop()


class Proxy:
    """Passes connections on to a port of this machine, until it is cut."""

    def __init__(self, port):
        import socket
        import threading

        self.to = port
        self.open = True
        self._pairs = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        import socket
        import threading

        while True:
            try:
                here, _ = self._server.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.to))
            self._pairs.append((here, there))
            for one, two in ((here, there), (there, here)):
                threading.Thread(target=self._pass, args=(one, two), daemon=True).start()

    def _pass(self, one, two):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                # What is cut is neither refused nor answered: as behind a broken switch.
                if self.open:
                    two.sendall(data)
        with contextlib.suppress(OSError):
            two.close()

    def cut(self):
        self.open = False

    def mend(self):
        import socket

        self.open = True
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def stop(self):
        self._server.close()
