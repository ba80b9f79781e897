"""The cluster by REST: what is there, and what workers may be told."""

from __future__ import annotations

from system import wait_for
from test_kubernetes import begin, double  # noqa: F401
from test_worker import cluster, start_worker  # noqa: F401

SLOW = """
from airflow.sdk import dag, task

@dag(schedule=None, max_active_tasks=50)
def gated():
    @task
    def wait(n):
        import pathlib, time
        while not pathlib.Path("{gate}").exists():
            time.sleep(0.1)
    wait.expand(n=[1, 2, 3])

gated()
"""


def only_worker(home):
    """The only worker that is not a part of a scheduler."""
    workers = [one for one in home.get("cluster")["workers"] if one["form"] != "local"]
    return workers[0] if len(workers) == 1 else None


def tell(home, method, worker, what, ok=True):
    return home.rest(method, f"cluster/workers/{worker['worker_id']}/{what}", ok=ok)


def test_workers_are_seen_and_told(cluster, tmp_path):  # noqa: F811
    home = cluster
    gate = tmp_path / "gate"
    home.dag("gated.py", SLOW.replace("{gate}", str(gate)))
    home.wait_dag("gated")
    seen = home.get("cluster")
    assert seen["executors"] == ["EdgeExecutor"] and seen["workers"] == [] and seen["may_edit"]
    kinds = {one["job_type"]: one["state"] for one in seen["processes"]}
    assert {"SchedulerJob", "DagProcessorJob", "ApiServerJob"} <= kinds.keys() and set(kinds.values()) == {"online"}

    # Nobody is there for what waits.
    run_id = home.trigger("gated")

    def queues():
        return {one["queue"]: one for one in home.get("cluster")["queues"]}

    wait_for("three tasks that wait", lambda: queues().get("default", {}).get("queued") == 3)
    default = queues()["default"]
    assert (default["workers"], default["slots"], default["desired_workers"]) == (0, 0, 1)
    assert default["executor"] == "EdgeExecutor" and default["oldest_queued_at"] is not None

    process = start_worker(home, "--concurrency", "2", "--queues", "default,other", "--hostname", "w1")
    wait_for("two that run", lambda: (only_worker(home) or {}).get("running") == 2, 60)
    worker = only_worker(home)
    assert (worker["name"], worker["form"], worker["state"], worker["concurrency"]) == ("w1", "edge", "online", 2)
    assert worker["queues"] == ["default", "other"] and worker["order"] is None
    running = home.get("cluster")["running_task_instances"]
    assert {(one["dag_id"], one["dag_run_id"], one["task_id"]) for one in running} == {("gated", run_id, "wait")}
    assert {one["worker_id"] for one in running} == {worker["worker_id"]}
    assert queues()["default"]["workers"] == 1 and queues()["other"]["queued"] == 0

    # Maintenance: what runs goes on, what waits stays where it is.
    told = tell(home, "PUT", worker, "maintenance")
    assert told["order"]["maintenance"] is True
    wait_for("maintenance", lambda: only_worker(home)["state"] == "maintenance")
    assert only_worker(home)["order"] is None, "it has obeyed"
    gate.touch()
    wait_for("the end of what ran", lambda: only_worker(home)["running"] == 0)
    assert queues()["default"]["queued"] == 1 and queues()["default"]["workers"] == 0
    why = home.http.get(f"{home.url}/ui/why/gated/{run_id}/wait/2", timeout=10)
    assert why.ok, why.text
    tell(home, "DELETE", worker, "maintenance")
    home.wait_run("gated", run_id)
    assert only_worker(home)["state"] == "online"

    # Queues: one more, one less, and never none.
    tell(home, "PUT", worker, "queues/big")
    wait_for("the new queue", lambda: only_worker(home)["queues"] == ["default", "other", "big"])
    tell(home, "DELETE", worker, "queues/default")
    tell(home, "DELETE", worker, "queues/other")
    wait_for("fewer queues", lambda: only_worker(home)["queues"] == ["big"])
    refused = tell(home, "DELETE", worker, "queues/big", ok=False)
    assert refused.status_code == 409 and "serves no other queue" in refused.json()["detail"]
    refused = tell(home, "DELETE", worker, "queues/nothing", ok=False)
    assert refused.status_code == 409 and "does not serve" in refused.json()["detail"]
    assert tell(home, "PUT", worker, "queues/a,b", ok=False).status_code == 400
    assert tell(home, "PUT", {"worker_id": 999999}, "maintenance", ok=False).status_code == 404

    # Sent home: it says goodbye, and the log of events has all of it.
    tell(home, "POST", worker, "shutdown")
    assert process.popen.wait(30) == 0
    wait_for("its goodbye", lambda: only_worker(home) is None)
    events = [one["event"] for one in home.get("eventLogs", limit=100)["event_logs"]]
    assert {"worker_maintenance", "worker_resume", "worker_add_queue", "worker_remove_queue", "worker_shutdown"} <= {
        *events
    }


def test_a_lost_worker_is_offline_and_hears_nothing(cluster):  # noqa: F811
    home = cluster
    home.stop_all()
    home.env["AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD"] = "2"
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    process = start_worker(home)
    wait_for("the worker", lambda: (only_worker(home) or {}).get("state") == "online", 60)
    process.kill()
    wait_for("silence", lambda: only_worker(home)["state"] == "offline")
    refused = tell(home, "POST", only_worker(home), "shutdown", ok=False)
    assert refused.status_code == 409 and "was not heard of" in refused.json()["detail"]


def test_the_schedulers_own_worker_is_a_part_of_it(home):
    home.standalone()
    wait_for("the worker", lambda: home.get("cluster")["workers"])
    [worker] = home.get("cluster")["workers"]
    assert worker["form"] == "local" and worker["state"] == "online"
    refused = tell(home, "POST", worker, "shutdown", ok=False)
    assert refused.status_code == 409 and "is a part of the scheduler" in refused.json()["detail"]


ONE = """
from airflow.sdk import dag, task

@dag(schedule=None)
def one():
    @task
    def only():
        print("it ran")
    only()

one()
"""


def test_pods_are_seen_with_kubernetes_own_words(pg_home, double):  # noqa: F811
    home = pg_home
    home.dag("one.py", ONE)
    message = "0/1 nodes are available: 1 Insufficient cpu."
    unmet = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    double.stuck = {"conditions": [unmet]}
    begin(home)
    home.wait_dag("one")
    run_id = home.trigger("one")

    def pods():
        return home.get("cluster")["pods"]

    wait_for("the pod's reason", lambda: pods() and pods()[0]["reason"] == "Unschedulable", 60)
    [pod] = pods()
    assert pod["phase"] == "Pending" and message in pod["message"] and pod["namespace"] == "jobs"
    assert (pod["dag_id"], pod["dag_run_id"], pod["task_id"]) == ("one", run_id, "only")
    [queue] = home.get("cluster")["queues"]
    assert queue["queued"] == 1 and queue["workers"] is None and queue["desired_workers"] is None

    # Somebody deletes it: the next pod runs the task, and both ends are told of.
    double.stuck = None
    double.kill(("jobs", pod["name"]))
    home.wait_run("one", run_id)
    wait_for("their ends", lambda: len(pods()) == 2 and all(one["ended_at"] for one in pods()))
    assert {one["phase"] for one in pods()} == {"Deleted", "Succeeded"}
    assert [one["reason"] for one in pods() if one["phase"] == "Deleted"] == ["Unschedulable"]


def test_those_who_may_only_look_change_nothing(pg_home):
    home = pg_home
    del home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"]
    home.standalone()
    home.cli("users", "create", "-u", "eve", "-p", "eve", "-r", "Viewer", "-e", "e@x.y", "-f", "E", "-l", "V")
    token = home.http.post(f"{home.url}/auth/token", json={"username": "eve", "password": "eve"}, timeout=10)
    home.http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    seen = home.get("cluster")
    assert seen["may_edit"] is False and seen["workers"]
    assert tell(home, "POST", seen["workers"][0], "shutdown", ok=False).status_code == 403
