"""Faults of a real cluster while many pods are under way: every task ends once, none runs twice at the same time, and
the logs say what happened."""

from __future__ import annotations

import os
import subprocess
import time

import pytest
from conftest import HOST
from recorder import SAY, Recorder
from system import wait_for

COUNT = int(os.environ.get("K8S_TEST_TASKS", "500"))
AT_ONCE = int(os.environ.get("K8S_TEST_PARALLELISM", "100"))
AWAY = float(os.environ.get("K8S_TEST_AWAY", "120"))
# Commands that take the API server of the cluster away and bring it back; without them the way to it is cut.
STOP, START = os.environ.get("K8S_TEST_API_STOP"), os.environ.get("K8S_TEST_API_START")

FAULTS = """
import time
from datetime import timedelta
from airflow.sdk import dag, task
{say}
SCRATCH = {{"pod_override": {{"spec": {{
    "terminationGracePeriodSeconds": 5,
    "volumes": [{{"name": "scratch", "emptyDir": {{"sizeLimit": "1Mi"}}}}],
    "containers": [{{"name": "base", "volumeMounts": [{{"name": "scratch", "mountPath": "/scratch"}}]}}],
}}}}}}

@dag(schedule=None, max_active_tasks=100000)
def faults():
    @task(retries=3, retry_delay=timedelta(0), executor_config=SCRATCH)
    def work(number, ti=None):
        say("{url}", number, "begin")
        if number in {greedy} and ti.try_number == 1:
            # More than its volume may hold: the kubelet evicts the pod.
            with open("/scratch/hog", "wb") as hog:
                hog.write(bytes(8 << 20))
            while True:
                time.sleep(0.5)
                say("{url}", number, "works")
        for _ in range(4):
            time.sleep(0.5)
            say("{url}", number, "works")
        say("{url}", number, "end")
    work.expand(number=list(range({count})))

faults()
"""


class Faults:
    """One run of many tasks in pods."""

    def __init__(self, home, greedy=()):
        self.home = home
        self.recorder = Recorder(HOST)
        home.dag("faults.py", FAULTS.format(say=SAY, url=self.recorder.url, greedy=tuple(greedy), count=COUNT))
        home.begin(
            AIRFLOW__CORE__PARALLELISM=str(AT_ONCE),
            AIRFLOW__CORE__MAX_MAP_LENGTH="100000",
            AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="1800",
            AIRFLOW__KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_RETRIES="3",
            AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE="True",
        )
        home.wait_dag("faults")
        self.run_id = home.trigger("faults")

    @property
    def path(self):
        return f"dags/faults/dagRuns/{self.run_id}/taskInstances"

    def pods(self, *phases):
        names = {pod["metadata"]["name"]: pod["status"]["phase"] for pod in self.home.cluster.pods()}
        return [name for name, phase in names.items() if phase in phases]

    def ended(self, share):
        wait_for(f"{share:.0%} have ended", lambda: self.recorder.count("end") >= COUNT * share, 3600, 0.5)

    def finish(self):
        """All of it; answers how many tries each task needed."""
        self.home.wait_run("faults", self.run_id, timeout=3600)
        self.recorder.check(COUNT)
        wait_for("the pods are gone", lambda: not self.home.cluster.pods(), 300, 1)
        instances = []
        while len(instances) < COUNT:
            page = self.home.get(self.path, limit=100, offset=len(instances), order_by="map_index")
            instances += page["task_instances"]
        assert {ti["state"] for ti in instances} == {"success"}
        return {ti["map_index"]: ti["try_number"] for ti in instances}

    def log(self, number, attempt=1):
        answer = self.home.get(f"{self.path}/work/logs/{attempt}", map_index=number)
        return "\n".join(str(line.get("event", "")) for line in answer["content"])

    def scheduler(self, word):
        """Lines of the schedulers' own logs with that word."""
        logs = [process.output() for process in self.home.processes if process.name == "scheduler"]
        return [line for log in logs for line in log.splitlines() if word in line]


@pytest.fixture
def faults(kube):
    made = []

    def make(**kwargs):
        made.append(Faults(kube, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.recorder.close()


def test_another_scheduler_takes_over_while_pods_start(faults):
    """Nothing happened to any pod, so nothing is tried again."""
    run = faults()
    first = next(process for process in run.home.processes if process.name == "scheduler")
    wait_for("its first pods", run.home.cluster.pods, 120)
    second = run.home.start("scheduler")
    wait_for("pods", lambda: len(run.pods("Pending", "Running")) >= min(AT_ONCE, COUNT) * 0.9, 300)
    first.kill()
    tries = run.finish()
    assert set(tries.values()) == {1}, tries
    assert second.output().count("a pod is adopted") >= 10, second.output()[-3000:]


def test_kubernetes_is_away_for_minutes(faults):
    """Pods go on and report their results; nothing fails, and new pods are asked for when it is back."""
    run = faults()
    run.ended(0.1)
    at = time.monotonic()
    if STOP and START:
        subprocess.check_call(STOP, shell=True)
    else:
        run.home.cluster.proxy.away()
    before = run.recorder.count("end")
    wait_for("Kubernetes was away", lambda: time.monotonic() > at + AWAY, AWAY + 60, 1)
    meanwhile = run.recorder.count("end")
    if STOP and START:
        subprocess.check_call(START, shell=True)
    else:
        run.home.cluster.proxy.back()
    tries = run.finish()
    assert set(tries.values()) == {1}, tries
    assert meanwhile > before, "pods that were under way ended meanwhile"
    assert run.scheduler("Kubernetes cannot be asked for pods"), "the scheduler says so"
    waited = [number for number in tries if "Kubernetes cannot be asked for a pod" in run.log(number)]
    assert waited, "a task that had to wait says so"


def test_pods_are_deleted_and_evicted(faults):
    """Some before their try begins, some while it runs, some at once and some with time to end, some by their node."""
    greedy = range(5, COUNT, max(COUNT // 5, 1))
    run = faults(greedy=greedy)
    kubectl = run.home.cluster.kubectl
    deleted = set()

    def delete(phase, number, *how):
        wait_for(f"a pod is {phase}", lambda: set(run.pods(phase)) - deleted, 600)
        names = sorted(set(run.pods(phase)) - deleted)[:number]
        deleted.update(names)
        kubectl("delete", "pod", *names, "--wait=false", *how, ok=False)

    for share in (0.05, 0.2, 0.4, 0.6):
        run.ended(share)
        delete("Pending", 5)
        delete("Running", 5)
        delete("Running", 3, "--grace-period=0", "--force")
    tries = run.finish()
    again = {number: attempt for number, attempt in tries.items() if attempt > 1}
    assert set(greedy) <= set(again) and len(again) > len(greedy), again
    reasons = ("was deleted while the try ran in it", "its process was asked to end", "ended without reporting")
    for number, attempts in again.items():
        for attempt in range(1, attempts):
            log = run.log(number, attempt)
            if number in greedy and attempt == 1 and "Evicted" in log:
                assert "exceeds the limit" in log, log
            else:
                assert any(reason in log for reason in reasons), f"task {number}, try {attempt}: {log}"
    assert sum("Evicted: " in run.log(number) for number in greedy) >= len(greedy) // 2
