"""Mapped tasks and groups, setup and teardown, and old files' sub-DAGs, by the real binary."""

from __future__ import annotations

import json

from system import ROOT


def instances(home, dag_id, run_id):
    """Task instances by task id and map index."""
    answer = home.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000")
    return {(ti["task_id"], ti["map_index"]): ti for ti in answer["task_instances"]}


def test_the_mapping_example_maps_groups_branches_and_reduces(home):
    home.dag("mapping.py", (ROOT / "examples/dags/mapping.py").read_text())
    home.standalone()
    home.wait_dag("mapping")
    run_id = home.trigger("mapping")
    home.wait_run("mapping", run_id)
    found = instances(home, "mapping", run_id)
    states = {key: ti["state"] for key, ti in found.items()}
    assert states == {
        ("open_store", -1): "success",
        ("list_files", -1): "success",
        **{("clean.read", index): "success" for index in range(3)},
        **{("clean.choose", index): "success" for index in range(3)},
        ("clean.keep", 0): "success",
        ("clean.keep", 1): "success",
        ("clean.keep", 2): "skipped",
        ("clean.drop", 0): "skipped",
        ("clean.drop", 1): "skipped",
        ("clean.drop", 2): "success",
        ("check", 0): "success",
        ("check", 1): "success",
        ("report", -1): "success",
        ("close_store", -1): "success",
    }
    assert found["check", 0]["rendered_map_index"] == "90 rows"
    xcom = home.get(f"dags/mapping/dagRuns/{run_id}/taskInstances/report/xcomEntries/return_value")
    assert str(xcom["value"]) == "180"


FLOW = """
    from datetime import datetime
    from airflow import DAG
    from airflow.exceptions import AirflowSkipException
    from airflow.operators.python_operator import PythonOperator
    from airflow.operators.subdag_operator import SubDagOperator
    from airflow.sdk import task

    args = {"start_date": datetime(2024, 1, 1)}

    def sub(parent, child):
        inner = DAG(f"{parent}.{child}", default_args=args, schedule_interval="@daily")
        push = PythonOperator(task_id="push", python_callable=lambda: "from within", dag=inner)
        pull = PythonOperator(task_id="pull", python_callable=lambda ti: ti.xcom_pull(task_ids="push"), dag=inner)
        push >> pull
        return inner

    with DAG("outer", default_args=args, schedule=None) as outer:
        SubDagOperator(task_id="inner", subdag=sub("outer", "inner")) >> PythonOperator(
            task_id="last", python_callable=lambda ti: ti.xcom_pull(task_ids="inner.pull"))

    with DAG("joined", default_args=args, schedule=None) as joined:

        def odd(x):
            if x % 2 == 0:
                raise AirflowSkipException(f"{x} is even")
            return x

        @task
        def numbers():
            return [1, 2, 3]

        @task
        def letters():
            return ["a", "b"]

        @task
        def double(x):
            return 2 * x

        @task
        def pair(item):
            return "".join(map(str, item))

        @task(trigger_rule="none_failed")
        def total(values):
            return sorted(map(str, values))

        doubled = double.expand(x=numbers().map(odd))
        again = double.override(task_id="again", trigger_rule="none_failed").expand(x=doubled)
        pairs = pair.expand(item=numbers.override(task_id="more")().zip(letters(), fillvalue="-"))
        total.override(task_id="total")(again)
        total.override(task_id="pairs")(pairs)
"""


def value(home, dag_id, run_id, task_id):
    return home.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value")["value"]


def test_sub_dags_and_joined_lists_run(home):
    home.dag("flow.py", FLOW)
    home.standalone()
    home.wait_dag("outer")
    run_id = home.trigger("outer")
    home.wait_run("outer", run_id)
    assert set(home.tasks("outer", run_id)) == {"inner.push", "inner.pull", "last"}
    assert "from within" in str(value(home, "outer", run_id, "last"))

    home.wait_dag("joined")
    run_id = home.trigger("joined")
    home.wait_run("joined", run_id)
    states = {key: ti["state"] for key, ti in instances(home, "joined", run_id).items()}
    # The second number is even, so that one instance is skipped, and what maps over the result has two.
    assert [states["double", index] for index in range(3)] == ["success", "skipped", "success"]
    assert sorted(index for task_id, index in states if task_id == "again") == [0, 1]
    assert str(value(home, "joined", run_id, "total")).replace('"', "'") == "['12', '4']"
    assert str(value(home, "joined", run_id, "pairs")).replace('"', "'") == "['1a', '2b', '3-']"


def test_a_dict_keeps_its_order_on_its_way_through_an_xcom(home):
    home.dag(
        "ordered.py",
        """
        from datetime import datetime
        from airflow.sdk import dag, task

        @dag(schedule=None, start_date=datetime(2024, 1, 1), is_paused_upon_creation=False)
        def ordered():
            @task
            def make():
                return {"zebra": 1, "ant": {"y": 1, "b": 2}, "mole": 3}

            @task
            def look(pair):
                return pair

            look.expand(pair=make())

        ordered()
        """,
    )
    home.standalone()
    home.wait_dag("ordered")
    run_id = home.trigger("ordered")
    home.wait_run("ordered", run_id)
    base = f"dags/ordered/dagRuns/{run_id}/taskInstances"
    whole = home.get(f"{base}/make/xcomEntries/return_value")["value"]
    whole = json.loads(whole) if isinstance(whole, str) else whole
    assert list(whole) == ["zebra", "ant", "mole"]
    assert list(whole["ant"]) == ["y", "b"]
    keys = []
    for index in range(3):
        value = home.get(f"{base}/look/xcomEntries/return_value", map_index=index)["value"]
        keys.append(str(value))
    assert ["zebra" in keys[0], "ant" in keys[1], "mole" in keys[2]] == [True, True, True]
