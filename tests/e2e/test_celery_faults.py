"""What brokers and workers do to each other, with real ones: every task ends once, none runs twice at the same time.

Small here; `make celery-faults` runs the same with 500 tasks, and what is in `faults`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading

import pytest
from brokers import RedisBroker
from crowd import TASKS, Crowd, said
from system import wait_for
from test_celery import cluster, start_worker, wait_worker


@pytest.fixture
def redis(tmp_path):
    broker = RedisBroker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def crowd(pg_home, redis):
    """A cluster without a worker, and a DAG whose tasks write down that they ran."""
    return Crowd(cluster(pg_home, redis.url))


def scheduler(home):
    return next(process for process in home.processes if process.name == "scheduler")


def kill_machine(worker):
    """kill -9 of a worker with all that it started, as if its machine were gone."""
    children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True).stdout.split()
    worker.kill()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)


def test_a_broker_that_is_restarted(crowd, redis):
    home = crowd.home
    worker = start_worker(home, "w1", "--concurrency", "8")
    wait_worker(worker)
    crowd.hold()
    run_id = home.trigger("crowd")
    crowd.wait_begun(8)
    wait_for("the rest in the queue", lambda: int(redis.cli("llen", "default")) == TASKS - 8)
    # Redis keeps nothing over a restart here: it is emptied as well.
    redis.stop()
    said(worker, "the connection to the broker is lost")
    redis.start()
    wait_for("the way back", lambda: worker.output().count("messages come from the broker") == 2, 60)
    crowd.go_on()
    crowd.check(run_id)
    said(scheduler(home), "no message tells of any more")


def test_a_broker_that_is_emptied(crowd, redis):
    home = crowd.home
    worker = start_worker(home, "w1", "--concurrency", "8")
    wait_worker(worker)
    crowd.hold()
    run_id = home.trigger("crowd")
    crowd.wait_begun(8)
    wait_for("the rest in the queue", lambda: int(redis.cli("llen", "default")) == TASKS - 8)
    assert redis.cli("flushall").strip() == "OK"
    crowd.go_on()
    crowd.check(run_id)
    said(scheduler(home), "no message tells of any more")


def test_a_worker_that_is_killed(crowd):
    home = crowd.home
    worker = start_worker(home, "w1", "--concurrency", "16")
    crowd.hold()
    run_id = home.trigger("crowd")
    crowd.wait_begun(16)
    kill_machine(worker)
    crowd.go_on()
    second = start_worker(home, "w2", "--concurrency", "16")
    wait_worker(second)
    crowd.check(run_id, at_most=2)
    said(scheduler(home), "a running try was lost")


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
        crowd.wait_begun(8)
        other = start_worker(home, "w2", "--concurrency", "8")
        wait_worker(other)
        proxy.cut()
        said(cut, "takes these tries as lost")
        said(scheduler(home), "a running try was lost")
        proxy.mend()
        crowd.go_on()
        crowd.check(run_id, at_most=3)
    finally:
        proxy.stop()


class Proxy:
    """Passes connections on to a port of this machine, until it is cut."""

    def __init__(self, port):
        self.to = port
        self.open = True
        self._pairs = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
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
        self.open = True
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def stop(self):
        self._server.close()
