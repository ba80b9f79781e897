"""What people see of a try that is over: addresses of links, and attributes that its code has filled in."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Host, workload

DAG = """
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, BaseOperator, BaseOperatorLink, result, task

    class Wiki(BaseOperatorLink):
        name = "Wiki"
        def get_link(self, operator, *, ti_key):
            return f"https://wiki/{ti_key.task_id}?{operator.topic}"

    class Broken(BaseOperatorLink):
        name = "Broken"
        def get_link(self, operator, *, ti_key):
            raise KeyError("nothing here")

    class Old(BaseOperatorLink):
        name = "Of Airflow 1"
        def get_link(self, operator, dttm):
            return f"https://old/{dttm.date()}"

    class Asks(BaseOperator):
        template_fields = ("topic",)
        operator_extra_links = (Wiki(), Broken(), Old())
        def __init__(self, topic, **kwargs):
            super().__init__(**kwargs)
            self.topic = topic
        def execute(self, context):
            if self.topic == "failure":
                raise ValueError("no")

    with DAG("d", schedule=None):
        Asks(task_id="t", topic="{{ ds }}")
        Asks(task_id="fails", topic="failure", retries=0)
        Asks.partial(task_id="mapped").expand(topic=["x", "y"])
        TriggerDagRunOperator(task_id="starts", trigger_dag_id="other dag", trigger_run_id="r 1")

        @task.bash
        def shell():
            return "echo {{ ds }}"
        shell()

        @result
        @task
        def answer():
            return 42
        answer()
"""


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    assert host.close() == 0


def run(host: Host, folder: Path, task_id: str, **kwargs):
    file = folder / "dag_file.py"
    file.write_text(textwrap.dedent(DAG))
    pushed = {}

    def answer(call):
        if call["method"] == "xcom_set":
            pushed[call["key"]] = call["value"]
        if call["method"] == "xcom_get" and call["task_id"] == task_id:
            return {"ok": pushed[call["key"]]}
        return {"ok": {"run_id": "r 1"} if call["method"] == "run_trigger" else None}

    child = host.fork().run(workload(file, "d", task_id, **kwargs), answer)
    return child, pushed


def test_the_dag_names_links_and_where_their_addresses_will_be(host, tmp_path):
    file = tmp_path / "dag_file.py"
    file.write_text(textwrap.dedent(DAG))
    (dag,) = host.parse(file)["dags"]
    tasks = {task["task_id"]: task for task in dag["tasks"]}
    assert tasks["t"]["extra_links"] == ["Broken", "Of Airflow 1", "Wiki"]
    keys = {"Broken": "_link_Broken", "Of Airflow 1": "_link_Old", "Wiki": "_link_Wiki"}
    assert tasks["t"]["link_keys"] == tasks["mapped"]["link_keys"] == keys
    assert tasks["starts"]["link_keys"] == {"Triggered DAG": "_link_TriggerDagRunLink"}
    assert "link_keys" not in tasks["shell"]
    assert [name for name, task in tasks.items() if task.get("returns_dag_result")] == ["answer"]


def test_addresses_are_xcoms_whatever_became_of_the_try(host, tmp_path):
    child, pushed = run(host, tmp_path, "t")
    assert pushed == {"_link_Wiki": "https://wiki/t?2024-01-02", "_link_Old": "https://old/2024-01-02"}
    assert any("'Broken' has no address: KeyError" in event for event in child.events)
    child, pushed = run(host, tmp_path, "fails")
    assert child.done["state"] == "up_for_retry" and pushed["_link_Wiki"] == "https://wiki/fails?failure"
    _, pushed = run(host, tmp_path, "mapped", map_index=1)
    assert pushed["_link_Wiki"] == "https://wiki/mapped?y"
    _, pushed = run(host, tmp_path, "starts")
    assert pushed["_link_TriggerDagRunLink"] == "/dags/other%20dag/runs/r%201"


def test_a_bash_function_shows_the_command_that_it_returned(host, tmp_path):
    child, pushed = run(host, tmp_path, "shell")
    commands = [frame["fields"]["bash_command"] for frame in child.frames if frame["type"] == "rendered"]
    assert commands == ["DYNAMIC (set during execution)", "echo 2024-01-02"]
    assert pushed == {}


def test_a_result_is_the_plain_return_value_of_a_task():
    from airflow.sdk import DAG, dag, result, task

    @dag
    def returning():
        @task
        def one():
            return {"a": 1}

        return one()

    assert returning().get_task("one").returns_dag_result
    with pytest.raises(TypeError, match="above the @task decorator"):
        result(lambda: 1)
    with DAG("other") as other:

        @task
        def two():
            return {"a": 1}

        value = two()
    assert other.add_result(value) is value and value.operator.returns_dag_result
    with pytest.raises(ValueError, match="plain return value"):
        other.add_result(value["a"])
