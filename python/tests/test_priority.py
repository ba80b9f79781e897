"""Priority weight strategies, executors and run types: author's words become data; and what tasks remember."""

from __future__ import annotations

import textwrap
from datetime import datetime, timedelta

import pytest
from airflow.operators.empty import EmptyOperator
from driver import workload

from airflow import DAG
from airflow._serialize.dag import serialize_dag
from airflow.exceptions import AirflowException
from airflow.sdk.exceptions import SerializationError
from airflow.task.priority_strategy import PriorityWeightStrategy


class Decreasing(PriorityWeightStrategy):
    """As in Airflow's documentation: each try counts less."""

    def get_weight(self, ti):
        return max(3 - ti._try_number + 1, 1)


class OfTheTask(PriorityWeightStrategy):
    def get_weight(self, ti):
        return ti.task.priority_weight * 10 + len(ti.task.downstream_task_ids)


class Nosy(PriorityWeightStrategy):
    def get_weight(self, ti):
        return ti.get_dagrun().conf["weight"]


def task_of(rule, **more):
    with DAG("d", start_date=datetime(2024, 1, 1), schedule=None) as dag:
        EmptyOperator(task_id="t", weight_rule=rule, **more) >> EmptyOperator(task_id="u")
    return serialize_dag(dag)["tasks"][0]


def test_a_strategy_is_asked_for_every_try():
    task = task_of(Decreasing(), retries=5)
    assert task["priorities"] == [4, 3, 2, 1], "the last one is for all others"
    assert task["weight_strategy"].endswith("test_priority.Decreasing")
    assert "weight_rule" not in task


@pytest.mark.parametrize("rule", [OfTheTask(), OfTheTask, "test_priority.OfTheTask"])
def test_a_strategy_is_an_object_a_class_or_a_path(rule):
    assert task_of(rule, priority_weight=2)["priorities"] == [21]


def test_the_total_weight_is_the_strategys():
    with DAG("d", start_date=datetime(2024, 1, 1), schedule=None):
        task = EmptyOperator(task_id="t", weight_rule=OfTheTask(), priority_weight=3)
    assert task.priority_weight_total == 30


def test_what_a_strategy_can_not_know_is_said():
    with pytest.raises(SerializationError, match=r"asked while the DAG file is parsed.*'get_dagrun'"):
        task_of(Nosy())
    with pytest.raises(AirflowException, match=r"must be one of absolute, downstream, upstream, or a"):
        task_of("sideways")


def test_run_types_and_rerunning_are_part_of_the_dag():
    from airflow.utils.types import DagRunType

    def document(**more):
        with DAG("d", start_date=datetime(2024, 1, 1), schedule=None, **more) as dag:
            EmptyOperator(task_id="t", executor="LocalExecutor", queue="q")
        return serialize_dag(dag)

    plain = document()
    assert "allowed_run_types" not in plain
    assert "rerun_with_latest_version" not in plain
    assert (plain["tasks"][0]["executor"], plain["tasks"][0]["queue"]) == ("LocalExecutor", "q")
    given = document(
        allowed_run_types=[DagRunType.SCHEDULED, "manual"],
        rerun_with_latest_version=False,
        disable_bundle_versioning=True,
    )
    assert given["allowed_run_types"] == ["manual", "scheduled"]
    assert given["rerun_with_latest_version"] is False
    assert given["disable_bundle_versioning"] is True
    assert document(allowed_run_types=DagRunType.MANUAL)["allowed_run_types"] == ["manual"]


REMEMBERS = """
    from datetime import timedelta
    from airflow import DAG
    from airflow.decorators import task
    from airflow.sdk import NEVER_EXPIRE, Asset

    with DAG("d", schedule=None) as dag:
        @task(inlets=[Asset("one")])
        def t(task_state_store=None, asset_state_store=None):
            assert task_state_store.get("job", "none") == "none"
            task_state_store.set("job", {"id": 7})
            task_state_store.set("hours", 1, retention=timedelta(hours=2))
            task_state_store.set("ever", 1, retention=NEVER_EXPIRE)
            task_state_store.delete("job")
            task_state_store.clear(all_map_indices=True)
            asset_state_store.set("mark", 5)
            asset_state_store[Asset("one")].delete("mark")
            try:
                task_state_store.set("job", None)
            except ValueError:
                return "refused"
        t()
"""


def test_what_a_task_remembers_goes_through_the_server(host, dag_file):
    path = dag_file("")
    path.write_text(textwrap.dedent(REMEMBERS))

    def answer(call):
        if call["method"].endswith("_get"):
            return {"error": {"code": "not_found", "message": "no"}}
        return {"ok": None}

    child = host.fork().run(workload(path, "d", "t"), answer)
    assert child.done["state"] == "success", child.done
    calls = [
        {name: value for name, value in frame.items() if name not in ("type", "id")}
        for frame in child.of_type("call")
        if "state" in frame["method"]
    ]
    assert calls == [
        {"method": "task_state_get", "key": "job"},
        {"method": "task_state_set", "key": "job", "value": {"id": 7}, "never_expires": False},
        {"method": "task_state_set", "key": "hours", "value": 1, "retention": 7200.0, "never_expires": False},
        {"method": "task_state_set", "key": "ever", "value": 1, "never_expires": True},
        {"method": "task_state_delete", "key": "job"},
        {"method": "task_state_clear", "all_map_indices": True},
        {"method": "asset_state_set", "name": "one", "key": "mark", "value": 5},
        {"method": "asset_state_delete", "name": "one", "key": "mark"},
    ]
    assert timedelta.max == __import__("airflow.sdk", fromlist=["NEVER_EXPIRE"]).NEVER_EXPIRE
