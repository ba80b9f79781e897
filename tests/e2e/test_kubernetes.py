"""The KubernetesExecutor against a double of Kubernetes' API whose node runs pods as processes of this machine."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from kube_double import beside
from system import wait_for

NAMESPACE = "jobs"


@pytest.fixture
def double(pg_home):
    double = beside(pg_home, NAMESPACE)
    yield double
    double.close()


def begin(home, **env):
    home.env |= {"AIRFLOW__CORE__EXECUTOR": "KubernetesExecutor", **env}
    home.cli("db", "migrate")
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    return home


def events(home, dag_id, run_id, task_id):
    return home.log(dag_id, run_id, task_id).splitlines()


WISHES = """
from airflow.sdk import dag, task
from airflow.providers.standard.operators.bash import BashOperator

class V1ObjectMeta:
    attribute_map = {"labels": "labels", "generate_name": "generateName"}
    labels, generate_name = {"team": "data"}, None

class V1Pod:
    attribute_map = {"metadata": "metadata", "spec": "spec"}
    metadata, spec = V1ObjectMeta(), {"priorityClassName": "high"}

@dag(schedule=None)
def wishes():
    @task(executor_config={"pod_override": V1Pod()})
    def modern():
        import os
        assert not any("SQL_ALCHEMY" in name for name in os.environ), "the pod knows the database"
        print("hello from", os.environ["TRADEWIND_POD"])
        return 7

    @task(executor_config={"KubernetesExecutor": {"image": "old:1", "request_memory": "64Mi", "labels": {"era": "1.10"}}})
    def old(number):
        assert number == 7

    old(modern()) >> BashOperator(task_id="shell", bash_command="echo from a shell")

wishes()
"""


def test_each_task_gets_a_pod_of_its_own_that_is_gone_afterwards(pg_home, double):
    home = pg_home
    home.dag("wishes.py", WISHES)
    begin(home)
    home.wait_dag("wishes")
    run_id = home.trigger("wishes")
    home.wait_run("wishes", run_id)
    wait_for("the pods are gone", lambda: not double.pods)
    assert double.created == 3 and [one["code"] for one in double.finished] == [0, 0, 0]
    pods = {pod["metadata"]["annotations"]["task_id"]: pod for _, event, pod in double.log if event == "ADDED"}
    modern = pods["modern"]
    name, labels = modern["metadata"]["name"], modern["metadata"]["labels"]
    assert name.startswith("wishes-modern-") and labels["team"] == "data"
    assert {
        "dag_id": "wishes",
        "task_id": "modern",
        "try_number": "1",
        "kubernetes_executor": "True",
    }.items() <= labels.items()
    assert modern["spec"]["priorityClassName"] == "high" and modern["spec"]["restartPolicy"] == "Never"
    container = modern["spec"]["containers"][0]
    assert container["image"] == "tradewind:1" and container["args"] == ["tradewind", "run-try"]
    old = pods["old"]
    assert old["spec"]["containers"][0]["image"] == "old:1" and old["metadata"]["labels"]["era"] == "1.10"
    assert old["spec"]["containers"][0]["resources"] == {"requests": {"memory": "64Mi"}}
    said = events(home, "wishes", run_id, "modern")
    assert f"hello from {name}" in said and said[-1] == "Try ends: success"
    assert home.tasks("wishes", run_id)["modern"]["hostname"] == name
    assert "postgresql" not in json.dumps([pod for _, _, pod in double.log])
    # A second look at the same pods, as YAML.
    home.cli("kubernetes", "generate-dag-yaml", "wishes", "-l", "2026-01-01", "-o", str(home.path))
    written = {path.name: path.read_text() for path in (home.path / "airflow_yaml_output").iterdir()}
    assert len(written) == 3 and any("priorityClassName: high" in text for text in written.values())


ONE = """
from datetime import timedelta
from airflow.sdk import dag, task

@dag(schedule=None)
def one():
    @task(retries={retries}, retry_delay=timedelta(0))
    def only():
        print("it ran")
    only()

one()
"""


def waiting(reason, message):
    container = {"name": "base", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
    return {"containerStatuses": [{**container, "state": {"waiting": {"reason": reason, "message": message}}}]}


def test_kubernetes_own_reasons_are_in_state_and_log(pg_home, double):
    home = pg_home
    home.dag("one.py", ONE.format(retries=0))
    begin(
        home,
        AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="3",
        AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE="True",
    )
    home.wait_dag("one")

    def fails(run_id, words):
        home.trigger("one", run_id)
        home.wait_run("one", run_id, "failed")
        log = wait_for("the reason in the log", lambda: [e for e in events(home, "one", run_id, "only") if words in e])
        assert words in home.cli("tasks", "why", "one", "only", run_id).stdout, log
        wait_for("the pod is gone", lambda: not double.pods)

    # An image that cannot be pulled fails the try at once.
    double.stuck = waiting("ErrImagePull", "pull access denied for tradewind:1")
    fails("image", "ErrImagePull (container 'base'): pull access denied for tradewind:1")
    # A pod that no node takes is waited for as long as the configuration says.
    message = "0/1 nodes are available: 1 Insufficient cpu."
    unmet = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    double.stuck = {"conditions": [unmet]}
    fails("node", "task_queued_timeout = 3 s; Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.")
    assert any(f"cannot begin yet: Unschedulable: {message}" in event for event in events(home, "one", "node", "only"))
    # A quota, and a refusal that names the rights that are missing.
    double.stuck = None
    double.fail("POST", 403, "Forbidden", 'pods "one" is forbidden: exceeded quota: team, requested: pods=1')
    fails("quota", "exceeded quota: team, requested: pods=1")
    double.fail("POST", 403, "Forbidden", 'pods is forbidden: User "tradewind" cannot create resource "pods"')
    fails("rights", "the scheduler's account needs the verbs create")
    # Too many requests are no reason to give up.
    double.fail("POST", 429, "TooManyRequests", "please slow down", times=2)
    home.trigger("one", "slowly")
    home.wait_run("one", "slowly")


FAULTS = """
import os, time
from datetime import timedelta
from airflow.sdk import dag, task, get_current_context

@dag(schedule=None, max_active_tasks=1000)
def faults():
    @task(retries=4, retry_delay=timedelta(0))
    def work(number):
        ti = get_current_context()["ti"]
        def note(what):
            line = f"{{time.monotonic_ns()}} {{number}} {{ti.try_number}} {{what}}\\n".encode()
            fd = os.open("{notes}", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
            os.write(fd, line)
            os.close(fd)
        note("begin")
        time.sleep(0.5)
        note("end")
    work.expand(number=list(range({count})))

faults()
"""


def test_faults_lose_no_task_and_run_none_twice(pg_home, double, tmp_path):
    """The scheduler killed while pods begin, Kubernetes away, a watch that is too old, pods deleted from outside."""
    home = pg_home
    count = int(os.environ.get("KUBE_FAULT_TASKS", "24"))
    notes = tmp_path / "notes"
    home.dag("faults.py", FAULTS.format(notes=notes, count=count))
    begin(
        home,
        AIRFLOW__KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_RETRIES="3",
        AIRFLOW__CORE__PARALLELISM=str(max(16, count // 2)),
    )
    home.wait_dag("faults")
    run_id = home.trigger("faults")
    wait_for("pods", lambda: double.created >= 4)
    first = next(process for process in home.processes if process.name == "scheduler")
    first.kill()
    home.start("scheduler")
    begun = lambda: notes.read_text().count("begin") if notes.exists() else 0  # noqa: E731
    wait_for("some begin", lambda: begun() >= 4)
    # Pods that wait, and pods that run, go with their node.
    for phase in ("Pending", "Running"):
        found = [key for key, pod in list(double.pods.items()) if pod["status"]["phase"] == phase]
        for key in found[:2]:
            double.kill(key)
    double.expire()
    with double.away():
        # Pods go on, and end, unseen.
        seen = len(double.finished)
        wait_for("pods that end unseen", lambda: len(double.finished) >= min(seen + 2, count))
    home.wait_run("faults", run_id, timeout=float(os.environ.get("KUBE_FAULT_PATIENCE", "180")))
    wait_for("the pods are gone", lambda: not double.pods, timeout=60)
    check_notes(notes, count)
    instances = home.get(f"dags/faults/dagRuns/{run_id}/taskInstances", limit=1000)["task_instances"]
    assert [ti["state"] for ti in instances] == ["success"] * count
    # Whatever was tried again says why.
    for ti in instances:
        for lost in range(1, ti["try_number"]):
            path = f"dags/faults/dagRuns/{run_id}/taskInstances/work/{ti['map_index']}/tries/{lost}"
            assert home.get(path)["state"] == "failed"


def check_notes(notes: pathlib.Path, count: int):
    """Each task began and ended, one try after the other."""
    by_task: dict[str, list[tuple[int, str, str]]] = {}
    for line in notes.read_text().splitlines():
        at, number, attempt, what = line.split()
        by_task.setdefault(number, []).append((int(at), attempt, what))
    assert len(by_task) == count
    for number, lines in by_task.items():
        lines.sort()
        assert sum(what == "end" for _, _, what in lines) == 1, f"task {number} ended more than once: {lines}"
        assert lines[-1][2] == "end" and lines[-2][1:] == (lines[-1][1], "begin"), f"task {number} overlaps: {lines}"
        attempts = [attempt for _, attempt, what in lines if what == "begin"]
        assert len(attempts) == len(set(attempts)), f"a try of task {number} ran twice: {lines}"


def test_cleanup_pods_deletes_what_is_over(pg_home, double):
    home = pg_home
    labels = {"dag_id": "d", "task_id": "t", "try_number": "1", "airflow_version": "3.3.2"}
    for name, command in (("good", "exit 0"), ("bad", "exit 1"), ("busy", "exec sleep 600")):
        container = {"name": "base", "image": "i", "command": ["sh", "-c", command]}
        double.create(NAMESPACE, {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}})
    double.create(
        NAMESPACE,
        {"metadata": {"name": "other"}, "spec": {"containers": [{"name": "x", "image": "i", "command": ["true"]}]}},
    )
    phase = lambda name: double.pods[NAMESPACE, name]["status"]["phase"]  # noqa: E731
    wait_for(
        "ends",
        lambda: [phase(n) for n in ("good", "bad", "busy", "other")] == ["Succeeded", "Failed", "Running", "Succeeded"],
    )
    done = home.cli("kubernetes", "cleanup-pods")
    assert "Deleted the pod good: succeeded" in done.stdout and "Deleted the pod bad: failed" in done.stdout
    assert "2 pods deleted in the namespace jobs" in done.stdout
    assert sorted(name for _, name in double.pods) == ["busy", "other"]


HOOK = """
from kubernetes.client import models as k8s

def pod_mutation_hook(pod):
    if pod.metadata.annotations["run_id"] == "bad":
        raise ValueError("no pods for this run")
    pod.metadata.labels["team"] = "data"
    pod.spec.tolerations = [k8s.V1Toleration(key="spot", operator="Exists")]
"""


def test_a_hook_changes_pods_and_its_failure_is_the_trys(pg_home, double):
    home = pg_home
    (home.path / "config").mkdir()
    (home.path / "config/airflow_local_settings.py").write_text(HOOK)
    home.dag("one.py", ONE.format(retries=0))
    begin(home)
    home.wait_dag("one")
    home.trigger("one", "good")
    home.wait_run("one", "good")
    pod = next(pod for _, event, pod in double.log if event == "ADDED")
    assert pod["metadata"]["labels"]["team"] == "data" and pod["metadata"]["labels"]["dag_id"] == "one"
    assert pod["spec"]["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    home.trigger("one", "bad")
    home.wait_run("one", "bad", "failed")
    reason = "pod_mutation_hook failed: ValueError: no pods for this run"
    log = wait_for("the reason in the log", lambda: (log := home.log("one", "bad", "only")) and reason in log and log)
    assert "airflow_local_settings.py" in log and reason in home.cli("tasks", "why", "one", "only", "bad").stdout
    assert double.created == 1
    home.cli("kubernetes", "generate-dag-yaml", "one", "-l", "2026-01-01", "-o", str(home.path))
    (written,) = (home.path / "airflow_yaml_output").iterdir()
    assert "key: spot" in written.read_text()


SLOW_START = """
from airflow.sdk import dag, task

BEGIN = "if mkdir {folder}/once; then exec sleep 600; fi; exec $0 $@"
POD = {{"spec": {{"containers": [{{"name": "base", "command": ["/bin/sh", "-c", BEGIN]}}]}}}}

@dag(schedule=None)
def slow_start():
    @task(executor_config={{"pod_override": POD}})
    def only():
        print("it ran")
    only()

slow_start()
"""


def test_a_pod_that_is_deleted_before_its_try_began_costs_no_retry(pg_home, double, tmp_path):
    home = pg_home
    home.dag("slow_start.py", SLOW_START.format(folder=tmp_path))
    begin(home)
    home.wait_dag("slow_start")
    run_id = home.trigger("slow_start")
    wait_for("its container has begun", (tmp_path / "once").exists)
    (first,) = double.pods
    double.delete(first, {})
    home.wait_run("slow_start", run_id)
    assert home.tasks("slow_start", run_id)["only"]["try_number"] == 1 and double.created == 2
    deleted = f"The pod {first[0]}/{first[1]} was deleted before the try began; another pod is asked for"
    assert deleted in events(home, "slow_start", run_id, "only")
