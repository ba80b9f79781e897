"""The KubernetesExecutor on a real cluster. `make k8s-test`; not part of CI."""

from __future__ import annotations

import pytest
from system import wait_for

SLICE = """
from airflow.sdk import dag, task
from airflow.providers.standard.operators.bash import BashOperator

@dag(schedule=None)
def slice():
    @task
    def whoami():
        import os
        assert not any("SQL_ALCHEMY" in name for name in os.environ)
        print("hello from", os.environ["HOSTNAME"])
        return 7
    @task
    def show(number):
        assert number == 7
    show(whoami()) >> BashOperator(task_id="shell", bash_command="echo from a shell")

slice()
"""


def test_one_pod_a_task_completed_and_gone(kube):
    home = kube
    home.dag("slice.py", SLICE)
    home.begin()
    home.wait_dag("slice")
    run_id = home.trigger("slice")
    seen: dict[str, set[str]] = {}

    def over():
        for pod in home.cluster.pods():
            seen.setdefault(pod["metadata"]["name"], set()).add(pod["status"]["phase"])
        return home.run("slice", run_id)["state"] in ("success", "failed")

    wait_for("the run", over, 300, 0.2)
    home.wait_run("slice", run_id)
    wait_for("the pods are gone", lambda: not home.cluster.pods(), 60)
    assert len(seen) == 3, seen
    log = home.log("slice", run_id, "whoami")
    assert "hello from slice-whoami-" in log and "Try ends: success" in log
    assert "from a shell" in home.log("slice", run_id, "shell")


REASONS = """
from airflow.sdk import dag, task

def pod(**spec):
    return {"pod_override": {"spec": {"containers": [{"name": "base", **spec}]}}}

@dag(schedule=None)
def reasons():
    @task(executor_config=pod(image="localhost/there-is-no-such-image:1"))
    def image(): pass
    @task(executor_config=pod(resources={"requests": {"cpu": "900"}}))
    def node(): pass
    @task(executor_config=pod(resources={"limits": {"memory": "120Mi"}}))
    def memory():
        hog = []
        while True:
            hog.append(bytearray(1 << 20))
    @task(executor_config={"pod_override": {"metadata": {"namespace": "elsewhere"}}})
    def namespace(): pass
    @task(executor_config={"pod_override": {"spec": {"priorityClassName": "no-such-class"}}})
    def refused(): pass
    @task(executor_config=pod(command=["/bin/sh", "-c", "echo my last words; exit 4"]))
    def broken(): pass
    image(), node(), memory(), namespace(), refused(), broken()

reasons()
"""


def test_kubernetes_own_reasons(kube):
    home = kube
    home.dag("reasons.py", REASONS)
    home.begin(AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="30")
    home.wait_dag("reasons")
    run_id = home.trigger("reasons")
    home.wait_run("reasons", run_id, "failed", timeout=300)

    def says(task_id, *words):
        log = home.log("reasons", run_id, task_id)
        why = home.cli("tasks", "why", "reasons", task_id, run_id).stdout
        for word in words:
            assert word in log, f"{task_id}: {log}"
        assert words[0] in why, f"{task_id}: {why}"

    says("image", "ErrImagePull (container 'base')", "there-is-no-such-image")
    says("memory", "OOM" if "OOM" in home.log("reasons", run_id, "memory") else "out of memory")
    says("namespace", "multi_namespace_mode")
    says("refused", "no PriorityClass with name no-such-class was found")
    says("broken", "exit code 4", "my last words")
    says("node", "Unschedulable: 0/", "Insufficient cpu", "task_queued_timeout = 30 s")


def test_a_quota_is_named(kube):
    home = kube
    home.dag("slice.py", SLICE)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "0"}}}
    home.cluster.apply(quota)
    wait_for("the quota", lambda: home.cluster.get("resourcequota", "team").get("status", {}).get("hard"), 60)
    home.begin()
    home.wait_dag("slice")
    run_id = home.trigger("slice")
    home.wait_run("slice", run_id, "failed", timeout=120)
    assert "exceeded quota: team" in home.log("slice", run_id, "whoami")


MIXED = """
from airflow.sdk import dag, task

def whereabouts():
    import os
    return "pod" if "TRADEWIND_POD" in os.environ else "elsewhere"

@dag(schedule=None)
def mixed():
    task(task_id="ordinary")(whereabouts)()
    task(task_id="heavy", {how})(whereabouts)()

mixed()
"""

MIXTURES = [
    ("LocalKubernetesExecutor", 'queue="kubernetes"'),
    ("CeleryKubernetesExecutor", 'queue="kubernetes"'),
    ("LocalExecutor,KubernetesExecutor", 'executor="KubernetesExecutor"'),
    ("CeleryExecutor,KubernetesExecutor", 'executor="KubernetesExecutor"'),
]


@pytest.mark.parametrize(("executor", "how"), MIXTURES)
def test_some_tasks_run_in_pods(kube, executor, how):
    home = kube
    home.dag("mixed.py", MIXED.format(how=how))
    home.begin(AIRFLOW__CORE__EXECUTOR=executor)
    home.wait_dag("mixed")
    run_id = home.trigger("mixed")
    home.wait_run("mixed", run_id, timeout=300)
    for task_id, expected in (("heavy", "pod"), ("ordinary", "elsewhere")):
        path = f"dags/mixed/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        assert home.get(path)["value"] == expected
    assert home.tasks("mixed", run_id)["heavy"]["hostname"].startswith("mixed-heavy-")
