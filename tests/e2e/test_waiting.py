"""Waiting without a worker: deferred tasks and their triggers, waits for other DAGs, questions to people."""

from __future__ import annotations

import os

from system import wait_for

TRIGGERS = """
    import asyncio
    import os
    import time

    from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent


    class Gate(BaseTrigger):
        '''Fires when a file is there.'''

        def __init__(self, path, ends=False):
            super().__init__()
            self.path = path
            self.ends = ends

        def serialize(self):
            return "my_triggers.Gate", {"path": self.path, "ends": self.ends}

        async def run(self):
            self.log.info("watching %s", self.path)
            while not os.path.exists(self.path):
                await asyncio.sleep(0.05)
            yield TaskSuccessEvent(xcoms={"by": "trigger"}) if self.ends else TriggerEvent({"path": self.path})


    class Rude(BaseTrigger):
        '''Blocks the loop for ever.'''

        def serialize(self):
            return "my_triggers.Rude", {}

        async def run(self):
            while True:
                time.sleep(0.1)
            yield TriggerEvent(None)
"""

DAG = """
    from datetime import timedelta
    from airflow.sdk import DAG, BaseOperator
    from airflow.triggers.testing import FailureTrigger
    from my_triggers import Gate, Rude

    class Waits(BaseOperator):
        def __init__(self, trigger, limit=None, **kwargs):
            super().__init__(**kwargs)
            self.trigger, self.limit = trigger, limit

        def execute(self, context):
            print("before the wait")
            self.defer(trigger=self.trigger, method_name="resume", kwargs={{"word": "hello"}}, timeout=self.limit)

        def resume(self, context, word, event):
            print("after the wait", word)
            return event["path"]

    def told(context):
        with open("{folder}/told", "w") as out:
            out.write(context["ti"].task_id)

    with DAG("waits", schedule=None):
        Waits(task_id="gate", trigger=Gate("{folder}/open"))
        Waits(task_id="ends", trigger=Gate("{folder}/open", ends=True), on_success_callback=told)
        Waits(task_id="late", trigger=Gate("{folder}/never"), limit=1)
        Waits(task_id="broken", trigger=FailureTrigger())

    with DAG("rude", schedule=None):
        Waits(task_id="rude", trigger=Rude())
        Waits(task_id="gate", trigger=Gate("{folder}/polite"))
"""


def deferring(home):
    home.dag("my_triggers.py", TRIGGERS)
    home.dag("waits.py", DAG.format(folder=home.path))


def states(home, dag_id, run_id):
    return {task: ti["state"] for task, ti in home.tasks(dag_id, run_id).items()}


def test_a_task_defers_and_goes_on_in_the_same_try(home):
    deferring(home)
    home.standalone()
    home.wait_dag("waits")
    run_id = home.trigger("waits")
    open_ones = {"gate": "deferred", "ends": "deferred", "late": "failed", "broken": "failed"}
    wait_for("waiting", lambda: states(home, "waits", run_id) == open_ones)
    assert home.get("pools/default_pool")["occupied_slots"] == 0, "what waits holds no slot"
    gate = home.tasks("waits", run_id)["gate"]
    assert gate["trigger"]["classpath"] == "my_triggers.Gate"
    assert gate["triggerer_job"]["id"] == gate["trigger"]["triggerer_id"]
    assert gate["triggerer_job"]["job_type"] == "TriggererJob"
    (home.path / "open").touch()
    home.wait_run("waits", run_id, "failed")
    assert states(home, "waits", run_id) == {
        "gate": "success", "ends": "success", "late": "failed", "broken": "failed",
    }  # fmt: skip
    tasks = home.tasks("waits", run_id)
    assert all(ti["try_number"] == 1 for ti in tasks.values()), "the number of the try does not rise"
    log = home.log("waits", run_id, "gate")
    parts = [log.find(text) for text in ("before the wait", "watching", "after the wait hello")]
    assert -1 not in parts and parts == sorted(parts), f"one log for both parts, and what the trigger said: {log}"
    wait_for("the callback of the task that its trigger ended", lambda: (home.path / "told").exists())
    assert "TaskDeferralTimeout" in home.log("waits", run_id, "late")
    assert "TaskDeferralError" in home.log("waits", run_id, "broken")
    assert "Deliberate trigger failure" in home.log("waits", run_id, "broken")
    logs = list((home.path / "logs").rglob("task_id=gate/attempt=1.log.trigger.*.log"))
    assert len(logs) == 1 and "watching" in logs[0].read_text()


def test_tasks_test_runs_triggers(home):
    deferring(home)
    (home.path / "open").touch()
    output = home.cli("tasks", "test", "waits", "gate").stdout
    assert "before the wait" in output and "after the wait hello" in output
    assert home.cli("tasks", "test", "waits", "broken", ok=False).returncode != 0


def test_a_trigger_that_blocks_its_loop_does_not_stop_others(home):
    deferring(home)
    process = home.standalone(AIRFLOW__TRIGGERER__RUNNER_HEALTH_CHECK_THRESHOLD="1")
    home.wait_dag("rude")
    run_id = home.trigger("rude")
    wait_for("the watchdog", lambda: "did not answer for" in process.output())
    (home.path / "polite").touch()
    wait_for("the polite one", lambda: states(home, "rude", run_id)["gate"] == "success")
    assert "my_triggers.Rude" in process.output(), "the culprit is named"
    home.rest("PATCH", f"dags/rude/dagRuns/{run_id}", json={"state": "failed"})
    assert states(home, "rude", run_id)["rude"] == "failed"


def test_a_killed_triggerer_leaves_its_triggers_to_another(pg_home):
    home = pg_home
    deferring(home)
    home.env["AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC"] = "0.5"
    home.env["AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD"] = "3"
    home.cli("db", "migrate")
    home.start("api-server")
    home.start("scheduler")
    home.start("dag-processor")
    first = home.start("triggerer", name="triggerer-1")
    home.wait_healthy(*home.processes)
    home.wait_dag("waits")
    run_id = home.trigger("waits")
    logs = lambda: list((home.path / "logs").rglob("task_id=gate/attempt=1.log.trigger.*.log"))  # noqa: E731
    wait_for("the first triggerer", lambda: len(logs()) == 1)
    home.start("triggerer", name="triggerer-2")
    os.kill(first.pid, 9)
    wait_for("the second triggerer", lambda: len(logs()) == 2, timeout=20)
    (home.path / "open").touch()
    wait_for("woken", lambda: states(home, "waits", run_id)["gate"] == "success")
    assert home.tasks("waits", run_id)["gate"]["try_number"] == 1


FILES = """
    from airflow.sdk import DAG
    from airflow.providers.standard.sensors.filesystem import FileSensor

    with DAG("files", schedule=None):
        FileSensor(task_id="comes", filepath="{folder}/in/*.csv", deferrable=True, poke_interval=0.1)
        FileSensor(task_id="starts", filepath="{folder}/in/*.csv", deferrable=True, poke_interval=0.1,
                   start_from_trigger=True)
        FileSensor(task_id="never", filepath="{folder}/never", deferrable=True, poke_interval=0.1, timeout=1)
"""


def test_files_are_waited_for(home):
    home.dag("files.py", FILES.format(folder=home.path))
    home.standalone()
    home.wait_dag("files")
    run_id = home.trigger("files")
    waiting = {"comes": "deferred", "starts": "deferred", "never": "failed"}
    wait_for("waiting", lambda: states(home, "files", run_id) == waiting)
    (home.path / "in").mkdir()
    (home.path / "in/x.csv").touch()
    home.wait_run("files", run_id, "failed")
    assert states(home, "files", run_id) == {"comes": "success", "starts": "success", "never": "failed"}
    assert home.tasks("files", run_id)["never"]["exit_reason"] == "AirflowSensorTimeout: Trigger timeout"


WATCHING = """
    from airflow.providers.standard.triggers.file import DirectoryFileDeleteTrigger, FileDeleteTrigger
    from airflow.sdk import DAG, Asset, AssetWatcher, task

    one = Asset("one", watchers=[AssetWatcher("file", trigger=FileDeleteTrigger("{folder}/flag", poke_interval=0.05))])
    flag = DirectoryFileDeleteTrigger(directory="{folder}/flags", filename="a", poke_interval=0.05)
    two = Asset("two", watchers=[AssetWatcher("shared", trigger=flag)])

    for asset in (one, two):
        with DAG("watches_" + asset.name, schedule=[asset]):
            @task
            def why(triggering_asset_events=None):
                return [event.extra for events in triggering_asset_events.values() for event in events]
            why()
"""


def test_what_comes_from_outside_starts_runs(home):
    (home.path / "flags").mkdir()
    home.dag("watching.py", WATCHING.format(folder=home.path))
    process = home.standalone(AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC="0.5")
    home.wait_dag("watches_two")
    runs = lambda dag_id: [run["dag_run_id"] for run in home.get(f"dags/{dag_id}/dagRuns")["dag_runs"]]  # noqa: E731

    def comes(path, dag_id, count):
        (home.path / path).touch()
        wait_for(f"run {count} of {dag_id}", lambda: len(runs(dag_id)) == count)
        assert not (home.path / path).exists(), "its trigger deletes it"
        for run_id in runs(dag_id):
            home.wait_run(dag_id, run_id)

    comes("flag", "watches_one", 1)
    comes("flag", "watches_one", 2)
    comes("flags/a", "watches_two", 1)
    run_id = runs("watches_two")[0]
    assert run_id.startswith("asset_triggered__")
    extra = home.get(f"dags/watches_two/dagRuns/{run_id}/taskInstances/why/xcomEntries/return_value")["value"]
    assert extra == [{"from_trigger": True, "payload": {"filepath": str(home.path / "flags/a")}}]
    (asset,) = (one for one in home.get("assets")["assets"] if one["name"] == "one")
    assert [watcher["name"] for watcher in asset["watchers"]] == ["file"]

    home.rest("PATCH", "dags/watches_one", json={"is_paused": True})
    (asset,) = (one for one in home.get("assets")["assets"] if one["name"] == "one")
    assert asset["watchers"] == [], "nobody waits for it, so nobody watches"
    home.rest("PATCH", "dags/watches_one", json={"is_paused": False})
    process.kill()
    home.standalone(AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC="0.5")
    comes("flag", "watches_one", 3)


MARKING = """
    from datetime import datetime
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.sensors.external_task import ExternalTaskMarker
    from airflow.sdk import DAG

    with DAG("parent", schedule=None):
        EmptyOperator(task_id="first") >> ExternalTaskMarker(
            task_id="marker", external_dag_id="child", external_task_id="middle")
    with DAG("child", schedule=None):
        EmptyOperator(task_id="before") >> EmptyOperator(task_id="middle") >> ExternalTaskMarker(
            task_id="after", external_dag_id="parent", external_task_id="first", recursion_depth={depth})
"""


def test_clearing_follows_markers_to_other_dags(home):
    home.dag("marking.py", MARKING.format(depth=10))
    home.standalone()
    home.wait_dag("child")
    for dag_id in ("parent", "child"):
        home.rest("POST", f"dags/{dag_id}/dagRuns", json={"dag_run_id": "it", "logical_date": "2024-01-01T00:00:00Z"})
        home.wait_run(dag_id, "it")
    clear = {"dag_run_id": "it", "task_ids": ["marker"], "only_failed": False}
    shown = home.rest("POST", "dags/parent/clearTaskInstances", json={**clear, "dry_run": True})
    names = [(ti["dag_id"], ti["task_id"]) for ti in shown["task_instances"]]
    assert sorted(names) == [("child", "after"), ("child", "middle"), ("parent", "first"), ("parent", "marker")]
    assert all(ti["try_number"] == 1 for ti in home.tasks("child", "it").values()), "nothing was done"
    home.rest("POST", "dags/parent/clearTaskInstances", json={**clear, "dry_run": False})
    for dag_id in ("parent", "child"):
        home.wait_run(dag_id, "it")
    tries = {task_id: ti["try_number"] for task_id, ti in home.tasks("child", "it").items()}
    assert tries == {"before": 1, "middle": 2, "after": 2}
    output = home.cli("tasks", "clear", "--yes", "--task-regex", "^marker$", "parent").stdout
    assert "Cleared 4 task instances" in output
    home.dag(
        "marking.py",
        MARKING.replace('external_task_id="middle"', 'external_task_id="middle", recursion_depth=1').format(depth=10),
    )
    wait_for("the new version", lambda: len(home.get("dags/parent/dagVersions")["dag_versions"]) == 2)
    for dag_id in ("parent", "child"):
        home.wait_run(dag_id, "it")
    refused = home.rest(
        "POST",
        "dags/parent/clearTaskInstances",
        ok=False,
        json={**clear, "dry_run": True, "run_on_latest_version": True},
    )
    assert refused.status_code == 409 and "recursion_depth" in refused.text


AWAITING = """
    from datetime import datetime
    from airflow.sdk import DAG, task
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.providers.standard.sensors.external_task import ExternalTaskSensor

    with DAG("other", schedule=None):
        @task
        def work(path):
            import os, time
            while not os.path.exists(path):
                time.sleep(0.02)
        work.override(task_id="work")("{folder}/work")

    with DAG("awaits", schedule=None):
        TriggerDagRunOperator(task_id="trigger", trigger_dag_id="other", trigger_run_id="it",
                              logical_date="2024-01-01T00:00:00Z", wait_for_completion=True)
        for mode in ("poke", "reschedule"):
            ExternalTaskSensor(task_id=mode, external_dag_id="other", external_task_id="work", mode=mode,
                               execution_date_fn=lambda date: datetime.fromisoformat("2024-01-01T00:00:00+00:00"))
"""


def test_waits_for_other_dags_are_woken_by_events(home):
    home.dag("awaits.py", AWAITING.format(folder=home.path))
    home.standalone()
    home.wait_dag("awaits")
    run_id = home.trigger("awaits")
    waiting = {"trigger": "deferred", "poke": "deferred", "reschedule": "deferred"}
    wait_for("waiting", lambda: states(home, "awaits", run_id) == waiting)
    (home.path / "work").touch()
    home.wait_run("awaits", run_id)
    ended = home.get("dags/other/dagRuns/it/taskInstances/work")["end_date"]
    for task_id in ("poke", "reschedule"):
        woken = home.tasks("awaits", run_id)[task_id]["end_date"]
        assert seconds(woken) - seconds(ended) < 0.5, f"{task_id}: {ended} {woken}"
    run_ended = home.get("dags/other/dagRuns/it")["end_date"]
    assert seconds(home.tasks("awaits", run_id)["trigger"]["end_date"]) - seconds(run_ended) < 0.5


def seconds(text):
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


ASKING = """
    from datetime import timedelta
    from airflow.sdk import DAG, Param, task
    from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLBranchOperator, HITLEntryOperator

    with DAG("asks", schedule=None):
        approve = ApprovalOperator(task_id="approve", subject="Go on with {{ dag.dag_id }}?")

        @task
        def after():
            pass

        @task
        def left():
            pass

        @task
        def right():
            pass

        approve >> after()
        HITLBranchOperator(task_id="branch", subject="Where?", options=["left", "right"]) >> [left(), right()]
        HITLEntryOperator(task_id="entry", subject="Who?", params={"name": Param("nobody", type="string")},
                          response_timeout=timedelta(seconds=1))
"""


def test_people_are_asked_and_answer(home):
    home.dag("asks.py", ASKING)
    home.standalone()
    home.wait_dag("asks")
    run_id = home.trigger("asks")
    wait_for("asked", lambda: states(home, "asks", run_id).get("approve") == "awaiting_input")
    wait_for("asked", lambda: states(home, "asks", run_id).get("branch") == "awaiting_input")
    wait_for("asked", lambda: states(home, "asks", run_id).get("entry") == "awaiting_input")
    found = home.get("dags/~/dagRuns/~/hitlDetails", response_received="false", order_by="subject")
    assert [detail["subject"] for detail in found["hitl_details"]][:1] == ["Go on with asks?"]
    for task, count in (("a", 1), ("b|entr", 2), ("z", 0)):
        more = {"dag_id_prefix_pattern": "ask", "task_id_prefix_pattern": task}
        assert home.get("dags/~/dagRuns/~/hitlDetails", **more)["total_entries"] == count, task
    one = f"dags/asks/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
    assert home.get(one)["options"] == ["Approve", "Reject"]
    bad = home.rest("PATCH", one, ok=False, json={"chosen_options": ["Maybe"]})
    assert bad.status_code == 400, bad.text
    answer = home.rest("PATCH", one, json={"chosen_options": ["Reject"]})
    assert answer["chosen_options"] == ["Reject"]
    again = home.rest("PATCH", one, ok=False, json={"chosen_options": ["Approve"]})
    assert again.status_code == 409
    branch = f"dags/asks/dagRuns/{run_id}/taskInstances/branch/-1/hitlDetails"
    home.rest("PATCH", branch, json={"chosen_options": ["right"]})
    home.wait_run("asks", run_id)
    assert states(home, "asks", run_id) == {
        "approve": "success", "after": "skipped", "branch": "success", "left": "skipped", "right": "success",
        "entry": "success",
    }  # fmt: skip
    entry = home.get(f"dags/asks/dagRuns/{run_id}/taskInstances/entry/-1/hitlDetails")
    assert entry["chosen_options"] == ["OK"] and entry["params_input"] == {"name": "nobody"}
    assert entry["responded_by_user"] is None, "nobody answered in time"
