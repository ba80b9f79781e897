"""Callbacks, mails and deadlines of the whole system: also when the process that ran the task is gone."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest
from system import ROOT, wait_for
from test_crash import FAST_RECOVERY
from test_worker import start_worker

sys.path.insert(0, str(ROOT / "python/tests"))
from mailbox import Mailbox  # noqa: E402

HEAD = """
import json, os, time
from datetime import datetime, timedelta
from airflow.sdk import *
from airflow.operators.bash import BashOperator


def note(what):
    def callback(context):
        ti = context.get("ti")
        line = {{"what": what, "run_id": context["run_id"], "reason": context.get("reason"), "pid": os.getpid(),
                "task": ti and ti.task_id, "state": ti and ti.state, "try": ti and ti.try_number,
                "exception": str(context.get("exception")), "run": context["dag_run"].state}}
        with open("{journal}", "a") as file:
            file.write(json.dumps(line) + chr(10))
    return callback
"""

KILLED = """
with DAG("killed", schedule=None, on_failure_callback=note("dag"), on_success_callback=note("never")):
    @task(on_failure_callback=note("failure"), on_retry_callback=note("retry"), retries=1,
          retry_delay=timedelta(milliseconds=50), email="boss@example.com")
    def victim(ti=None):
        print("pid", os.getpid(), flush=True)
        open("{pids}", "a").write(f"{{ti.try_number}} {{os.getpid()}}" + chr(10))
        time.sleep(600)

    victim()
"""


@pytest.fixture
def journal(tmp_path):
    """What callbacks wrote."""
    path = tmp_path / "journal.txt"

    def lines(**wanted):
        if not path.exists():
            return []
        found = [json.loads(line) for line in path.read_text().splitlines()]
        return [line for line in found if all(line[key] == value for key, value in wanted.items())]

    lines.path = path
    return lines


def save(home, name, journal, body, **more):
    home.dag(f"{name}.py", (HEAD + body).format(journal=journal.path, **more))


def pid_of(pids, try_number):
    def find():
        lines = [line.split() for line in pids.read_text().splitlines()] if pids.exists() else []
        return next((int(pid) for number, pid in lines if number == str(try_number)), None)

    return wait_for(f"try {try_number}", find)


def text_of(mail):
    return "".join(
        part.get_payload(decode=True).decode() for part in mail.walk() if part.get_content_type() == "text/html"
    )


def event(home, name):
    found = home.get("eventLogs", limit=100, event=name)["event_logs"]
    return [{**one, "extra": json.loads(one["extra"])} for one in found]


def test_a_killed_task_calls_back_and_mails_and_so_does_its_dag(home, journal, tmp_path):
    pids = tmp_path / "pids"
    save(home, "killed", journal, KILLED, pids=pids)
    with Mailbox() as box:
        home.standalone(**box.environment)
        home.wait_dag("killed")
        run_id = home.trigger("killed")
        os.kill(pid_of(pids, 1), signal.SIGKILL)
        (retry,) = wait_for("on_retry_callback", lambda: journal(what="retry"))
        assert (retry["task"], retry["state"], retry["try"]) == ("victim", "up_for_retry", 1)
        assert "SIGKILL" in retry["exception"]
        to, mail = box.take()
        assert to == ["boss@example.com"] and "killed.victim" in mail["Subject"]
        os.kill(pid_of(pids, 2), signal.SIGKILL)
        (failure,) = wait_for("on_failure_callback", lambda: journal(what="failure"))
        assert (failure["task"], failure["state"], failure["try"]) == ("victim", "failed", 2)
        (dag,) = wait_for("the DAG's callback", lambda: journal(what="dag"))
        assert (dag["run_id"], dag["reason"], dag["run"]) == (run_id, "task_failure", "failed")
        assert (dag["task"], dag["state"]) == ("victim", "failed")
        assert "SIGKILL" in text_of(box.take()[1])
        home.wait_run("killed", run_id, "failed")
        assert len(journal()) == 3 and box.mails.empty(), "each once"
    told = wait_for("the event log", lambda: (found := event(home, "callback")) and len(found) == 3 and found)
    assert {one["dag_run_id"] if "dag_run_id" in one else one["run_id"] for one in told} == {run_id}
    log = (home.path / "logs" / told[0]["extra"]["log"]).read_text()
    assert "Callback ends: success" in log


def test_a_killed_worker_process_calls_back(pg_home, journal, tmp_path):
    home, pids = pg_home, tmp_path / "pids"
    home.env |= FAST_RECOVERY | {
        "AIRFLOW__CORE__EXECUTOR": "EdgeExecutor",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-that-is-only-used-by-this-test",
    }
    save(home, "killed", journal, KILLED.replace(', email="boss@example.com"', ""), pids=pids)
    home.cli("db", "migrate")
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    home.wait_dag("killed")
    home.trigger("killed")
    worker = start_worker(home)
    pid_of(pids, 1)
    worker.kill()
    (retry,) = wait_for("on_retry_callback", lambda: journal(what="retry"), 60)
    assert "worker" in retry["exception"], "the reason is one that a person understands"


def test_a_callback_outlives_the_process_that_was_to_run_it(home, journal, tmp_path):
    """It hangs when its process is killed: the next process calls it again."""
    gate = tmp_path / "gate"
    body = """
def slow(context):
    note("begun")(context)
    while not os.path.exists("{gate}"):
        time.sleep(0.05)
    note("ended")(context)

with DAG("slow", schedule=None, on_success_callback=slow):
    BashOperator(task_id="t", bash_command="true")
"""
    home.env |= FAST_RECOVERY
    save(home, "slow", journal, body, gate=gate)
    process = home.standalone()
    home.wait_dag("slow")
    run_id = home.trigger("slow")
    wait_for("the callback", lambda: journal(what="begun"))
    home.wait_run("slow", run_id)
    process.kill()
    gate.touch()
    home.standalone()
    wait_for("the callback again", lambda: journal(what="ended"))
    assert [line["run_id"] for line in journal(what="ended")] == [run_id]


def test_callbacks_that_raise_hang_or_exit_touch_nothing_else(home, journal):
    body = """
def hang(context):
    time.sleep(600)

def leave(context):
    os._exit(3)

def broken(context):
    raise RuntimeError("the callback is broken")

for name, call in {{"hang": hang, "leave": leave, "broken": broken}}.items():
    with DAG(name, schedule=None, on_success_callback=call):
        BashOperator(task_id="t", bash_command="true")
    with DAG("task_" + name, schedule=None, on_success_callback=note("well")):
        @task(on_success_callback=call)
        def t():
            return 5
        t()
"""
    save(home, "odd", journal, body)
    home.standalone(AIRFLOW__CALLBACKS__CALLBACK_EXECUTION_TIMEOUT="1", AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME="1")
    home.wait_dag("task_hang")
    runs = {name: home.trigger(name) for name in ("hang", "leave", "broken", "task_hang", "task_leave", "task_broken")}
    for name, run_id in runs.items():
        home.wait_run(name, run_id)
    wait_for("three runs' callbacks", lambda: len(journal(what="well")) == 3)
    failed = wait_for("three failures", lambda: (found := event(home, "callback_failed")) and len(found) >= 3 and found)
    errors = {one["dag_id"]: one["extra"]["error"] for one in failed}
    assert set(errors) == {"hang", "leave", "broken"}
    assert "longer than 1 s" in errors["hang"] and "exit code 3" in errors["leave"]
    assert "RuntimeError: the callback is broken" in errors["broken"]


def test_mail_about_a_native_bash_task(home, journal):
    save(home, "shell", journal, """
with DAG("shell", schedule=None, default_args={{"email": ["a@example.com"], "email_on_retry": False}}):
    BashOperator(task_id="t", bash_command="exit 7")
""")  # fmt: skip
    with Mailbox() as box:
        home.standalone(**box.environment)
        home.wait_dag("shell")
        home.wait_run("shell", home.trigger("shell"), "failed")
        to, mail = box.take()
    assert to == ["a@example.com"]
    assert "non-zero exit code 7" in text_of(mail)


def test_a_missed_deadline_and_a_missed_service_level_are_told_at_their_instant(home, journal):
    body = """
async def late(**kwargs):
    context = kwargs.pop("context")
    with open("{journal}", "a") as file:
        file.write(json.dumps({{"what": "deadline", "at": time.time(), "due": context["deadline"].deadline_time,
                               "run_id": context["dag_run"]["run_id"], "x": kwargs["x"]}}) + chr(10))

def sla(dag, task_list, blocking_task_list, slas, blocking_tis):
    with open("{journal}", "a") as file:
        file.write(json.dumps({{"what": "sla", "tasks": task_list, "blocking": [ti.task_id for ti in blocking_tis]}}) + chr(10))

with DAG("late", schedule=None, deadline=DeadlineAlert(
        DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=1), AsyncCallback(late, kwargs={{"x": 1}}), name="one second")):
    BashOperator(task_id="t", bash_command="sleep 3")

with DAG("in_time", schedule=None, deadline=DeadlineAlert(
        DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=2), AsyncCallback(late, kwargs={{"x": 2}}))):
    BashOperator(task_id="t", bash_command="true")

with DAG("level", schedule=timedelta(days=1), start_date=datetime(2024, 1, 1), catchup=False, sla_miss_callback=sla):
    BashOperator(task_id="t", bash_command="sleep 3", sla=timedelta(seconds=1))
"""
    save(home, "late", journal, body)
    home.standalone()
    home.wait_dag("late")
    in_time, run_id = home.trigger("in_time"), home.trigger("late")
    (missed,) = wait_for("the deadline's callback", lambda: journal(what="deadline"))
    assert (missed["run_id"], missed["x"]) == (run_id, 1)
    home.wait_run("late", run_id)
    home.wait_run("in_time", in_time)
    queued = home.run("late", run_id)["queued_at"]
    assert missed["due"][:19] >= queued[:19]
    (level,) = wait_for("sla_miss_callback", lambda: journal(what="sla"))
    assert level["tasks"].startswith("t on ") and level["blocking"] == ["t"]
    (told,) = event(home, "deadline_missed")
    assert told["dag_id"] == "late"
    answer = home.http.get(f"{home.url}/ui/dags/~/dagRuns/~/deadlines", params={"missed": "true"}, timeout=10).json()
    (deadline,) = answer["deadlines"]
    assert (answer["total_entries"], deadline["dag_run_id"], deadline["alert_name"]) == (1, run_id, "one second")
    assert len(journal(what="deadline")) == 1, "the run that ended in time is not told of"
