"""Executors with all that they need beside an api-server, a scheduler and a dag-processor: workers, a broker, pods."""

from __future__ import annotations

import os
import signal

from brokers import RedisBroker
from kube_double import beside
from system import Home, wait_for

ROLES = ("api-server", "scheduler", "dag-processor")


class World:
    """A running home with executors; `env` says more about them."""

    def __init__(self, executor: str, binary, folder, database: str, **env: str):
        self.executor = executor
        self.folder = folder
        self.home = home = Home(binary, folder / "home")
        self.worker = self.redis = self.pods = None
        home.env |= {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__CORE__EXECUTOR": executor,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{home.url}/execution/",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-that-is-only-used-by-this-test",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0.5",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "5",
            "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "4",
            **env,
        }
        if "Kubernetes" in executor:
            self.pods = beside(home, "jobs")
        if "Celery" in executor:
            (folder / "redis").mkdir()
            self.redis = RedisBroker(folder / "redis")
            home.env["AIRFLOW__CELERY__BROKER_URL"] = self.redis.url

    def begin(self):
        """Starts it, with the DAG files that are there."""
        self.home.cli("db", "migrate")
        self.home.wait_healthy(*(self.home.start(role) for role in ROLES))
        self.start_worker("w1")

    @property
    def has_workers(self):
        return "Celery" in self.executor or "Edge" in self.executor

    def start_worker(self, name: str):
        """A worker in a home of its own that does not know the database, if there is an executor for it."""
        if not self.has_workers:
            return
        own = self.folder / name
        own.mkdir()
        env = {"AIRFLOW_HOME": str(own), "AIRFLOW__CORE__DAGS_FOLDER": str(self.home.dags)}
        command = ("celery", "worker", "--celery-hostname", name) if self.redis else ("worker", "--hostname", name)
        before = self.home.env
        self.home.env = {key: value for key, value in before.items() if "SQL_ALCHEMY" not in key}
        try:
            self.worker = self.home.start(*command, env=env, name=name)
        finally:
            self.home.env = before

    @property
    def scheduler(self):
        return [process for process in self.home.processes if process.name == "scheduler"][-1]

    def pod(self):
        """The key of the pod that runs."""
        return wait_for(
            "a pod", lambda: [key for key, process in self.pods.processes.items() if process.poll() is None]
        )[0]

    def lose(self):
        """What runs the only try there is goes without a word; another takes its place."""
        if self.pods:
            self.pods.kill(self.pod())
        elif self.has_workers:
            self.worker.kill()
            self.start_worker("w2")
        else:
            self.scheduler.kill()
            self.home.start("scheduler")

    def ask_to_end(self):
        """What runs the only try there is is asked to end; another takes its place."""
        if self.pods:
            self.pods.delete(self.pod(), {})
        elif self.has_workers:
            os.kill(self.worker.pid, signal.SIGTERM)
            self.start_worker("w3")
        else:
            os.kill(self.scheduler.pid, signal.SIGTERM)
            self.home.start("scheduler")

    def close(self):
        self.home.stop_all()
        if self.pods:
            self.pods.close()
        if self.redis:
            self.redis.stop()
