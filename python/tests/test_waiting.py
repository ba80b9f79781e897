"""Sensors, deferral and questions to people: what a try says it waits for, and how it goes on."""

from __future__ import annotations

import textwrap
from datetime import datetime, timezone

import pytest
from driver import workload

HEAD = """
from datetime import datetime, time, timedelta, timezone
from airflow.sdk import DAG, BaseOperator, Param, task
from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from airflow.providers.standard.sensors.time import TimeSensor, TimeSensorAsync
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, TimeDeltaSensorAsync, WaitSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLBranchOperator, HITLOperator
from airflow.triggers.testing import SuccessTrigger
with DAG("d", start_date=datetime(2024, 1, 1), schedule=None):
"""


@pytest.fixture
def run(host, dag_file):
    """Runs the task `t` of a DAG whose body is given."""

    def go(body, answer=None, **job):
        path = dag_file("")
        path.write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    "))
        return host.fork().run(workload(path, "d", "t", **job), answer)

    return go


@pytest.mark.parametrize(
    ("sensor", "ends"),
    [
        ("DateTimeSensor(task_id='t', target_time='2100-01-01T00:00:00Z')", {}),
        ("DateTimeSensor(task_id='t', target_time='2100-01-01T00:00:00Z', mode='reschedule')", {}),
        ("DateTimeSensorAsync(task_id='t', target_time='2100-01-01T00:00:00Z')", {}),
        ("DateTimeSensorAsync(task_id='t', target_time='2100-01-01T00:00:00Z', start_from_trigger=True)", {}),
        ("TimeDeltaSensor(task_id='t', delta=timedelta(days=36500))", {}),
        ("TimeDeltaSensorAsync(task_id='t', delta=timedelta(days=36500))", {}),
        ("WaitSensor(task_id='t', time_to_wait=timedelta(hours=1))", {}),
    ],
)
def test_time_sensors_hold_no_slot_in_any_mode(run, sensor, ends):
    done = run(sensor).done
    assert done["state"] == "deferred"
    assert done["deferral"]["classpath"] == "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
    assert done["deferral"]["ends"] == ends, "nothing is left to do when the time has come"


def test_a_time_that_has_come_is_not_waited_for(run):
    assert run("DateTimeSensor(task_id='t', target_time='2020-01-01T00:00:00Z')").done["state"] == "success"


def test_a_sensor_of_ones_own_keeps_poking(run):
    body = """
        class Mine(DateTimeSensor):
            def poke(self, context):
                return True
        Mine(task_id='t', target_time='2100-01-01T00:00:00Z')
    """
    assert run(body).done["state"] == "success"


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_external_task_sensors_hold_no_slot_in_any_mode(run, mode):
    done = run(
        f"ExternalTaskSensor(task_id='t', external_dag_id='o', external_task_ids=['a', 'b'], mode={mode!r}, "
        "failed_states=['failed'], execution_delta=timedelta(days=1), timeout=60)"
    ).done
    deferral = done["deferral"]
    assert (done["state"], deferral["ends"]) == ("deferred", {})
    assert deferral["kwargs"]["external_task_ids"] == ["a", "b"]
    moment = deferral["kwargs"]["logical_dates"][0]["__data__"]["timestamp"]
    assert datetime.fromtimestamp(moment, tz=timezone.utc).date().isoformat() == "2024-01-01"
    assert 50 < deferral["timeout"] <= 60


def test_what_is_to_exist_and_does_not_fails_at_once(run):
    def answer(call):
        assert call["method"] in ("dag_get", "xcom_set")  # its link to the other DAG is one
        return {"ok": {"is_paused": False, "tasks": ["a"], "groups": []}}

    body = "ExternalTaskSensor(task_id='t', external_dag_id='o', external_task_id='b', check_existence=True)"
    done = run(body, answer=answer).done
    assert done["state"] == "up_for_retry"
    assert "The external task b in DAG o does not exist" in done["reason"]


DEFERS = """
class Op(BaseOperator):
    def execute(self, context):
        self.defer(trigger=SuccessTrigger(), method_name="resume", kwargs={"when": datetime(2024, 1, 1)})
    def resume(self, context, when, event):
        return [when.year, event]
Op(task_id='t', execution_timeout=timedelta(seconds=60))
"""


def test_a_try_goes_on_with_the_event(run):
    first = run(DEFERS).done
    assert first["deferral"]["timeout"] <= 60, "execution_timeout ends the waiting"
    kwargs = {**first["deferral"]["next_kwargs"], "event": 7}
    done = run(DEFERS, resume={"next_method": "resume", "next_kwargs": kwargs}).done
    assert done["xcoms"] == {"return_value": [2024, 7]}


def test_execution_timeout_counts_the_waiting(run):
    how = {"next_method": "resume", "next_kwargs": {"when": None, "event": 7}, "started_at": "2024-01-01T00:00:00Z"}
    done = run(DEFERS, resume=how).done
    assert done["state"] == "up_for_retry"
    assert "the waiting included" in done["reason"]


@pytest.mark.parametrize(
    ("kwargs", "error", "state"),
    [
        ("", "Trigger timeout", "failed"),
        ("soft_fail=True", "Trigger timeout", "skipped"),
        ("never_fail=True", "Trigger failure", "skipped"),
        ("", "Trigger failure", "up_for_retry"),
    ],
)
def test_a_waiting_that_fails_counts_as_it_does_in_a_poke(run, kwargs, error, state):
    body = f"DateTimeSensor(task_id='t', target_time='2100-01-01T00:00:00Z', {kwargs})"
    how = {"next_method": "__fail__", "next_kwargs": {"error": error}}
    assert run(body, resume=how).done["state"] == state


ASKS = (
    "HITLOperator(task_id='t', subject='Go with {{ ds }}?', options=['a', 'b'], params={'n': Param(1, type='integer')})"
)


def test_a_question_is_recorded_and_its_answer_checked(run):
    child = run(ASKS, answer=lambda call: {"ok": None})
    assert child.done["state"] == "awaiting_input"
    question = child.of_type("call")[0]["question"]
    assert (question["subject"], question["options"]) == ("Go with 2024-01-02?", ["a", "b"])
    assert question["params"]["n"]["value"] == 1

    def answered(**event):
        given = {"chosen_options": ["a"], "params_input": {}, "responded_at": None, "responded_by_user": None} | event
        return run(ASKS, resume={"next_method": "execute_complete", "next_kwargs": {"event": given}}).done

    assert answered(params_input={"n": 5})["xcoms"]["return_value"]["params_input"] == {"n": 5}
    assert "not in" in answered(chosen_options=["x"])["reason"]
    assert "param n:" in answered(params_input={"n": "five"})["reason"]
    late = {"error": "The timeout has passed", "error_type": "timeout"}
    assert "HITLTimeoutError" in answered(**late)["reason"]


def test_what_cannot_be_asked_is_refused_in_the_file(run):
    from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLBranchOperator, HITLOperator

    for make, words in [
        (lambda: HITLOperator(task_id="t", subject="?", options=[]), "cannot be empty"),
        (lambda: HITLOperator(task_id="t", subject="?", options=["a"], defaults="b"), "subset"),
        (lambda: HITLOperator(task_id="t", subject="?", options=["a", "b"], defaults=["a", "b"]), "More than one"),
        (lambda: ApprovalOperator(task_id="t", subject="?", options=["a"]), "not allowed"),
        (lambda: HITLBranchOperator(task_id="t", subject="?", options=["a"], options_mapping={"x": "y"}), "x"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()


def test_dag_test_waits_for_triggers_in_its_own_process(tmp_path):
    from airflow.providers.standard.triggers.file import FileTrigger
    from airflow.sdk import DAG, BaseOperator
    from airflow.sdk.exceptions import TaskDeferralError
    from airflow.triggers.testing import FailureTrigger

    there = tmp_path / "there"

    class Waits(BaseOperator):
        def __init__(self, trigger, **kwargs):
            super().__init__(**kwargs)
            self.trigger = trigger

        def execute(self, context):
            there.touch()
            self.defer(trigger=self.trigger, method_name="resume", kwargs={"word": "hello"})

        def resume(self, context, word, event):
            return [word, event]

    class Recovers(Waits):
        def resume_execution(self, next_method, next_kwargs, context):
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except TaskDeferralError as error:
                return str(error)

    with DAG("d", schedule=None) as dag:
        Waits(task_id="waits", trigger=FileTrigger(str(there), poke_interval=0.01))
        Recovers(task_id="recovers", trigger=FailureTrigger())
    xcoms = dag.test().xcoms
    assert xcoms["waits", -1, "return_value"] == ["hello", True]
    assert xcoms["recovers", -1, "return_value"] == "Trigger failure"


@pytest.mark.parametrize(
    ("number", "least", "most"),
    [(1, 5, 10), (2, 10, 20), (3, 20, 40), (5, 80, 160), (30, 995, 1000)],
)
def test_pauses_of_a_sensor_grow_exponentially(number, least, most):
    from datetime import datetime, timezone

    from airflow.sdk.bases.sensor import BaseSensorOperator

    started = datetime(2024, 1, 1, tzinfo=timezone.utc)
    sensor = BaseSensorOperator(task_id="s", poke_interval=10, timeout=1000, exponential_backoff=True)
    pause = sensor._next_interval(started, lambda: 0.5, number)
    assert least <= pause <= most and pause == sensor._next_interval(started, lambda: 0.5, number)
    sensor.max_wait = 7.0
    assert sensor._next_interval(started, lambda: 0.5, number) <= 7
    assert BaseSensorOperator(task_id="t", poke_interval=10)._next_interval(started, lambda: 0.5, number) == 10


@pytest.mark.parametrize("deferrable", [True, False])
def test_an_operator_asks_for_a_run_by_an_exception(run, deferrable):
    def answer(call):
        if call["method"] == "run_trigger":
            return {"ok": {"run_id": call["run_id"], "state": "queued"}}
        return {"ok": None}

    child = run(
        f"""
        from airflow.exceptions import DagRunTriggerException

        class Starts(BaseOperator):
            def execute(self, context):
                raise DagRunTriggerException(
                    trigger_dag_id="other", dag_run_id="it", conf={{"a": 1}}, logical_date=None, reset_dag_run=True,
                    skip_when_already_exists=False, wait_for_completion=True, allowed_states=["success"],
                    failed_states=["failed"], poke_interval=7, deferrable={deferrable})

        Starts(task_id="t")
        """,
        answer,
    )
    asked, pushed = child.of_type("call")
    assert (asked["dag_id"], asked["conf"], asked["reset"]) == ("other", {"a": 1}, True)
    assert (pushed["method"], pushed["value"]) == ("xcom_set", "it")
    assert child.done["state"] == "deferred"
    deferral = child.done["deferral"]
    assert deferral["classpath"] == "airflow.providers.standard.triggers.external_task.DagStateTrigger"
    assert (deferral["next_method"], deferral["kwargs"]["run_ids"]) == ("execute_complete", ["it"])


def test_a_mapped_task_starts_from_its_trigger(run):
    child = run(
        """
        FileSensor.partial(task_id="t", deferrable=True, start_from_trigger=True, poke_interval=3).expand(
            filepath=["/nowhere/a", "/nowhere/b"])
        """,
        map_index=1,
    )
    deferral = child.done["deferral"]
    assert deferral["classpath"] == "airflow.providers.standard.triggers.file.FileTrigger"
    assert deferral["kwargs"] == {"filepath": "/nowhere/b", "recursive": False, "poke_interval": 3.0}
    assert deferral["next_method"] == "execute_complete" and deferral["timeout"] > 0


def test_a_trigger_of_the_dag_file_is_refused_with_a_reason(run):
    child = run(
        """
        from airflow.triggers.base import BaseTrigger

        class Mine(BaseTrigger):
            def serialize(self):
                return f"{type(self).__module__}.Mine", {}
            async def run(self):
                yield None

        class Waits(BaseOperator):
            def execute(self, context):
                self.defer(trigger=Mine(), method_name="execute")

        Waits(task_id="t")
        """
    )
    assert "is defined in the DAG file, where triggerers can't import it" in child.done["reason"]
