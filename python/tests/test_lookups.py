"""Lookups that DAG files of Airflow 1 and 2 make in the database, answered by the task API in a real task."""

from __future__ import annotations

from typing import Any

import pytest
from driver import workload

RUNS = [
    {
        "dag_id": dag_id,
        "run_id": f"{kind}__{day}",
        "run_type": kind,
        "state": state,
        "logical_date": f"2024-01-{day:02}T00:00:00Z",
    }
    for dag_id, kind, day, state in [
        ("d", "scheduled", 1, "failed"),
        ("d", "scheduled", 2, "success"),
        ("d", "manual", 3, "success"),
        ("other", "scheduled", 3, "running"),
    ]
]
TASKS = [
    {"task_id": "a", "map_index": -1, "state": "success", "try_number": 1},
    {"task_id": "b", "map_index": 0, "state": "failed", "try_number": 2},
    {"task_id": "b", "map_index": 1, "state": "success", "try_number": 1},
]


class Server:
    """Answers as the task API does."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, call: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(call)
        answer = getattr(self, call["method"])(call)
        return {"error": {"code": "not_found", "message": "no"}} if answer is None else {"ok": answer}

    def run_find(self, call: dict[str, Any]) -> Any:
        found = [
            run
            for run in RUNS
            if run["dag_id"] in call.get("dag_ids", [run["dag_id"]])
            and run["run_id"] in call.get("run_ids", [run["run_id"]])
            and run["state"] in call.get("states", [run["state"]])
            and run["run_type"] in call.get("run_types", [run["run_type"]])
            and run["logical_date"] in [date[:19] + "Z" for date in call.get("logical_dates", [run["logical_date"]])]
            and call.get("from", "")[:19] <= run["logical_date"] <= call.get("until", "9")
        ]
        found.sort(key=lambda run: run["logical_date"], reverse=call.get("descending", False))
        return found[: call.get("limit")]

    def task_states(self, call: dict[str, Any]) -> Any:
        return [task for task in TASKS if task["task_id"] in (call.get("task_ids") or [task["task_id"]])]

    def dag_get(self, call: dict[str, Any]) -> Any:
        return {"is_paused": True, "tasks": ["a"], "groups": []} if call["dag_id"] == "other" else None

    def xcom_get(self, call: dict[str, Any]) -> Any:
        return f"{call['task_id']}/{call['run_id']}/{call['map_index']}" if call["key"] == "return_value" else None


FILE = """
from datetime import datetime, timezone
from airflow.models import DAG, DagModel, DagRun, TaskInstance, XCom
from airflow.operators.python_operator import PythonOperator
from airflow.utils.db import provide_session
from airflow.utils.session import create_session
from airflow import settings
from airflow.utils.state import DagRunState, State

def day(number):
    return datetime(2024, 1, number, tzinfo=timezone.utc)

def t(**context):
    print(repr(look(context)))

LOOK

with DAG("d", start_date=datetime(2024, 1, 1), schedule_interval="@daily") as dag:
    one = PythonOperator(task_id="t", python_callable=t, provide_context=True)
    one >> PythonOperator(task_id="b", python_callable=t)
"""


def ask(host, dag_file, body: str) -> tuple[Any, list[dict[str, Any]]]:
    """What the body of ``look`` returns in a running task, and what it asked the server."""
    look = "def look(context):\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
    server = Server()
    child = host.fork().run(workload(dag_file(FILE.replace("LOOK", look)), "d", "t"), server)
    if child.done["state"] != "success":
        raise RuntimeError(child.done["reason"])
    return eval(child.stdout), server.calls


@pytest.mark.parametrize(
    ("look", "answer"),
    [
        ("return [r.run_id for r in DagRun.find(dag_id='d')]", ["scheduled__1", "scheduled__2", "manual__3"]),
        (
            "return [r.run_id for r in DagRun.find(dag_id='d', state=DagRunState.SUCCESS)]",
            ["scheduled__2", "manual__3"],
        ),
        ("return [r.state for r in DagRun.find('d', execution_date=day(1))]", ["failed"]),
        ("return [r.state for r in DagRun.find('d', execution_date=datetime(2024, 1, 1))]", ["failed"]),
        ("return [r.run_id for r in DagRun.find('d', external_trigger=True)]", ["manual__3"]),
        ("return [r.run_id for r in DagRun.find('d', execution_start_date=day(2))]", ["scheduled__2", "manual__3"]),
        ("return DagRun.find('nothing')", []),
        ("return context['dag'].get_last_dagrun().run_id", "scheduled__2"),
        ("return context['dag'].get_last_dagrun(include_externally_triggered=True).run_id", "manual__3"),
        ("return context['dag'].get_latest_execution_date().day", 3),
        ("return context['dag'].get_dagrun(execution_date=day(2)).state", "success"),
        ("return context['dag'].get_active_runs()", []),
        ("return DagModel.get_dagmodel('other').is_paused, DagModel.get_dagmodel('none')", (True, None)),
        ("return TaskInstance(context['task'].downstream_list[0], day(2), map_index=0).current_state()", "failed"),
        ("return TaskInstance(context['task'].downstream_list[0], day(9)).current_state()", None),
        ("return [(x.task_id, x.value) for x in XCom.get_many(task_ids=['a'], run_id='r')]", [("a", "a/r/-1")]),
        (
            "return [x.value for x in XCom.get_many(task_ids='b', execution_date=day(2))]",
            [
                "b/scheduled__2/0",
                "b/scheduled__2/1",
            ],
        ),
        ("return XCom.get_one(task_id='a', execution_date=day(2), map_index=-1)", "a/scheduled__2/-1"),
    ],
)
def test_lookups_by_name(host, dag_file, look, answer):
    assert ask(host, dag_file, look)[0] == answer


def test_queries_of_sessions(host, dag_file):
    newest = """
        with create_session() as session:
            q = session.query(DagRun).filter(DagRun.dag_id == "d", DagRun.state == State.SUCCESS)
            return q.order_by(DagRun.execution_date.desc()).first().run_id
    """
    answer, calls = ask(host, dag_file, "\n".join(line[8:] for line in newest.strip("\n").splitlines()))
    assert answer == "manual__3"
    (call,) = [call for call in calls if call["method"] == "run_find"]
    assert (call["dag_ids"], call["states"], call["descending"], call["limit"]) == (["d"], ["success"], True, 1)

    body = """
@provide_session
def ids(session=None):
    return [i for i, in session.query(DagRun.run_id).filter(DagRun.dag_id == "d", DagRun.run_type != "manual")]
return ids()
"""
    assert ask(host, dag_file, body)[0] == ["scheduled__1", "scheduled__2"]
    body = """
session = settings.Session()
found = session.query(TaskInstance).filter(
    TaskInstance.dag_id == "d", TaskInstance.execution_date.in_([day(1)]), TaskInstance.state == State.FAILED
).all()
session.commit()
session.close()
return [(ti.task_id, ti.map_index, ti.run_id) for ti in found]
"""
    assert ask(host, dag_file, body)[0] == [("b", 0, "scheduled__1")]
    assert ask(host, dag_file, "return settings.Session().query(DagRun).filter_by(dag_id='d').count()")[0] == 3


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        ("return settings.Session().add(1)", "session.add needs Airflow's database"),
        ("return settings.Session().query(TaskInstance).all()", "a query of task instances of all DAGs"),
        ("return settings.Session().query(DagRun).join(DagModel)", r"session.query\(...\).join needs"),
        ("return DagRun.state == 'x' and DagRun.dag_id == 'd'", "give filter\\(\\) several conditions"),
        ("return DagModel.get_dagmodel('other').owners", "owners of a DAG's row needs Airflow's database"),
    ],
)
def test_what_can_not_be_asked_is_refused(host, dag_file, look, reason):
    with pytest.raises(RuntimeError, match=reason):
        ask(host, dag_file, look)


def test_task_instances_of_users_own_tests_need_no_server():
    from datetime import datetime

    from airflow.operators.python import PythonOperator

    from airflow.models import DAG, TaskInstance

    with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
        task = PythonOperator(task_id="t", python_callable=lambda **context: context["ds"])
    ti = TaskInstance(task=task, execution_date=datetime(2024, 2, 3))
    assert task.execute(ti.get_template_context()) == "2024-02-03"
    assert ti.current_state() is None


TRIGGERING = """
from datetime import datetime
from airflow import DAG
from airflow.operators.dagrun_operator import DagRunOrder, TriggerDagRunOperator
from airflow.operators.python_operator import PythonOperator

def decide(context, order):
    assert isinstance(order, DagRunOrder)
    if context["params"]["go"]:
        order.run_id = "chosen"
        order.payload = {"message": context["ds"]}
        return order

def function():
    from airflow.api.common.experimental.trigger_dag import trigger_dag
    from airflow.api.client.local_client import Client
    run = trigger_dag("other", run_id="x", conf='{"a": 1}', execution_date=datetime(2024, 5, 6))
    Client(None, None).trigger_dag("other")
    print(run.run_id, run.state)

with DAG("d", start_date=datetime(2024, 1, 1), schedule_interval=None):
    for name in ("yes", "no"):
        TriggerDagRunOperator(
            task_id=name, trigger_dag_id="other", python_callable=decide, params={"go": name == "yes"}
        )
    PythonOperator(task_id="function", python_callable=function)
"""


def test_runs_of_other_dags_are_started_as_in_airflow_1(host, dag_file):
    class Triggers(Server):
        def run_trigger(self, call: dict[str, Any]) -> Any:
            return {"run_id": call.get("run_id", "made_up"), "run_type": "manual", "state": "queued"}

        def xcom_set(self, call: dict[str, Any]) -> Any:
            return {}

    def run(task_id: str) -> tuple[list[dict[str, Any]], str]:
        server = Triggers()
        child = host.fork().run(workload(dag_file(TRIGGERING), "d", task_id), server)
        assert child.done["state"] == "success", child.done
        return [call for call in server.calls if call["method"] == "run_trigger"], child.stdout

    ((call,), _) = run("yes")
    assert (call["dag_id"], call["run_id"], call["conf"]) == ("other", "chosen", {"message": "2024-01-02"})
    assert run("no") == ([], "")
    calls, printed = run("function")
    assert [call.get("run_id") for call in calls] == ["x", None]
    assert (calls[0]["conf"], calls[0]["logical_date"]) == ({"a": 1}, "2024-05-06T00:00:00Z")
    assert printed == "x queued\n"


def test_lists_of_lists_are_flattened_by_one_level():
    from airflow.utils.helpers import as_flattened_list

    assert as_flattened_list((("a", "b"), [("c",)])) == ["a", "b", ("c",)]
