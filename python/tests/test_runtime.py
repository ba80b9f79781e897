"""What a task sees and how its try ends."""

from __future__ import annotations

import getpass
import os
import pwd
import tempfile
import textwrap
from pathlib import Path

import pytest
from driver import Host, workload

HEAD = """
    from datetime import datetime, timedelta
    from airflow import DAG
    from airflow.decorators import task
    from airflow.exceptions import *
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
    from airflow.sdk import get_current_context
"""


@pytest.fixture
def run(host, dag_file):
    """Writes a file whose DAG is ``d`` and runs one of its tasks."""

    def _run(body, task_id="t", answer=None, dag_kwargs="", **more):
        text = textwrap.dedent(HEAD) + f"with DAG('d', schedule=None, {dag_kwargs}) as dag:\n"
        path = dag_file("")
        path.write_text(text + textwrap.indent(textwrap.dedent(body), "    "))
        return host.fork().run(workload(path, "d", task_id, **more), answer)

    return _run


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        ("raise ValueError('no good')", "up_for_retry", "ValueError: no good"),
        ("raise AirflowSkipException('not today')", "skipped", "not today"),
        ("raise AirflowFailException('never')", "failed", "AirflowFailException: never"),
        ("raise AirflowSensorTimeout('late')", "failed", "AirflowSensorTimeout: late"),
        ("raise SystemExit(3)", "up_for_retry", "the task called sys.exit(3)"),
        ("raise SystemExit(0)", "success", None),
        ("raise KeyboardInterrupt", "up_for_retry", "KeyboardInterrupt"),
        ("return object()", "up_for_retry", "AirflowException: XCom 'return_value': a value of type builtins.object"),
        ("return 'x'", "success", None),
    ],
)
def test_how_a_try_ends(run, code, state, reason):
    child = run(f"@task\ndef t():\n    {code}\nt()\n")
    assert child.done["state"] == state
    assert (child.done.get("reason") or "").startswith(reason or "")
    assert child.exit["code"] == 0


def test_a_failure_is_logged_with_its_traceback(run):
    child = run("@task\ndef t():\n    {}['missing']\nt()\n")
    (record,) = [record for record in child.of_type("log") if record["level"] == "error"]
    assert record["event"] == "Task failed with exception"
    (detail,) = record["error_detail"]
    assert (detail["exc_type"], detail["exc_value"]) == ("KeyError", "'missing'")
    assert detail["frames"][0]["name"] == "t"


def test_reschedule(run):
    child = run("@task\ndef t():\n    raise AirflowRescheduleException(datetime(2030, 1, 1))\nt()\n")
    assert (child.done["state"], child.done["reschedule_at"]) == ("up_for_reschedule", "2030-01-01T00:00:00Z")


def test_a_task_that_defers_says_what_it_waits_for(run):
    child = run(
        "from airflow.triggers.testing import SuccessTrigger\n"
        "@task\ndef t():\n"
        "    raise TaskDeferred(trigger=SuccessTrigger(), method_name='x', kwargs={'a': 1}, timeout=5)\nt()\n"
    )
    assert child.done["state"] == "deferred"
    assert child.done["deferral"] == {
        "classpath": "airflow.triggers.testing.SuccessTrigger",
        "kwargs": {},
        "next_method": "x",
        "next_kwargs": {"a": 1},
        "timeout": 5.0,
    }


def test_a_trigger_that_cannot_be_made_again_fails_the_task(run):
    child = run("@task\ndef t():\n    raise TaskDeferred(trigger=object(), method_name='x')\nt()\n")
    assert child.done["state"] == "up_for_retry"
    assert "serialize" in child.done["reason"]


def test_execution_timeout(run):
    child = run(
        """
        import time
        @task(execution_timeout=timedelta(seconds=0.2))
        def t():
            time.sleep(60)
        t()
        """
    )
    assert child.done["state"] == "up_for_retry"
    assert child.done["reason"] == "AirflowTaskTimeout: ran longer than execution_timeout (0:00:00.200000)"


def test_sigterm_calls_on_kill(host, dag_file):
    path = dag_file(
        """
        import time
        from airflow import DAG
        from airflow.models import BaseOperator

        class Waits(BaseOperator):
            def execute(self, context):
                print("started", flush=True)
                time.sleep(60)

            def on_kill(self):
                print("cleaned up", flush=True)

        with DAG("d", schedule=None):
            Waits(task_id="t")
        """
    )
    child = host.fork()
    child.channel.send(workload(path, "d", "t"))
    assert child.printed() == "started"
    child.kill(15)
    done = child.until("done")
    child.wait()
    assert (done["state"], done["reason"]) == ("up_for_retry", "the task was asked to stop (SIGTERM)")
    assert child.stdout == "cleaned up\n"


def test_templates_and_context(run):
    child = run(
        """
        def t(ds, ti, params, dag_run, **context):
            return [ds, ti.task_id, params["p"], dag_run.conf, context["ts_nodash"], context["templates_dict"],
                    context["execution_date"].isoformat(), context["mine"], sorted(context)[:3]]
        PythonOperator(
            task_id="t", python_callable=t, templates_dict={"x": "{{ dag.dag_id }}"},
            op_kwargs={"mine": ["{{ macros.ds_add(ds, 7) }}", {"k": "{{ params.p }}-{{ run_id }}"}]}, params={"p": 1},
            provide_context=True,
        )
        """,
        run={"conf": {"p": 5}},
    )
    assert child.done["xcoms"]["return_value"] == [
        "2024-01-02",
        "t",
        5,
        {"p": 5},
        "20240102T030405",
        {"x": "d"},
        "2024-01-02T03:04:05+00:00",
        ["2024-01-09", {"k": "5-manual__2024-01-02T03:04:05+00:00"}],
        ["END_DATE", "asset_state_store", "conf"],
    ]
    (rendered,) = child.of_type("rendered")
    assert rendered["fields"]["templates_dict"] == {"x": "d"}


ALL_KEYS = {
    "ds": "2024-01-02", "ds_nodash": "20240102", "ts": "2024-01-02T03:04:05+00:00", "ts_nodash": "20240102T030405",
    "ts_nodash_with_tz": "20240102T030405+0000", "yesterday_ds": "2024-01-01", "yesterday_ds_nodash": "20240101",
    "tomorrow_ds": "2024-01-03", "tomorrow_ds_nodash": "20240103", "execution_date.day": "2",
    "logical_date.year": "2024",
    "next_ds": "2024-01-02", "prev_ds": "2024-01-02", "next_execution_date | ds": "2024-01-02", "run_id[:6]": "manual",
    "data_interval_start | ds_nodash": "20240102", "dag.dag_id": "d", "task.task_id": "t", "ti.try_number": "1",
    "task_instance_key_str": "d__t__20240102", "test_mode": "False", "params": "{}", "var.value.text": "from env",
    "var.json.data.a": "1", "conn.db.host": "example", "macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%Y')": "02.01.2024",
    "conf.get('core', 'parallelism')": "32", "END_DATE": "2024-01-02", "latest_date": "2024-01-02", "inlets": "[]",
    "dag_run.run_type": "manual", "prev_data_interval_start_success": "None", "expanded_ti_count": "None",
    "ti.xcom_pull(task_ids='t')": "None", "(logical_date + macros.timedelta(days=1)) | ds": "2024-01-03",
    "triggering_asset_events": "{}", "map_index_template": "None", "try_number": "1", "task_reschedule_count": "0",
}  # fmt: skip


def test_every_key_of_every_era_in_a_template(run, monkeypatch):
    def answer(call):
        if call["method"] == "variable_get":
            return {"ok": {"text": "from env", "data": '{"a": 1}'}[call["key"]]}
        if call["method"] == "connection_get":
            return {"ok": {"conn_id": "db", "host": "example"}}
        if call["method"] == "previous_run":
            return {"ok": None}
        return {"error": {"code": "not_found", "message": "no"}}

    template = "|".join("{{ " + key + " }}" for key in ALL_KEYS)
    child = run(f"PythonOperator(task_id='t', python_callable=lambda x: x, op_args=[{template!r}])", answer=answer)
    assert child.done["xcoms"]["return_value"].split("|") == list(ALL_KEYS.values())
    warned = [event for event in child.events if "is of an older Airflow" in event]
    assert any("'yesterday_ds'" in event for event in warned)


def test_functions_that_take_everything_are_not_warned_of_old_keys(run):
    child = run("PythonOperator(task_id='t', python_callable=lambda **context: sorted(context)[:1])")
    assert not [event for event in child.events if "older Airflow" in event]


def test_undefined_names_fail_with_field_and_task(run):
    child = run("BashOperator(task_id='t', bash_command='echo {{ nonsense }}')")
    assert child.done["state"] == "up_for_retry"
    assert child.done["reason"] == (
        "AirflowException: can't render 'bash_command' of task 't': UndefinedError: 'nonsense' is undefined"
    )


def test_template_files_macros_filters_and_native_objects(run, dag_file):
    dag_file("echo {{ greet(params.name) }} {% include 'part.sh' %}\n", "scripts/run.sh")
    dag_file("{{ ds | shout }}", "scripts/part.sh")
    kwargs = (
        "template_searchpath='{folder}', user_defined_macros={{'greet': lambda n: 'hi ' + n}}, "
        "user_defined_filters={{'shout': lambda t: t + '!'}}, params={{'name': 'you'}}"
    ).format(folder=dag_file("").parent / "scripts")
    child = run("BashOperator(task_id='t', bash_command='run.sh')", dag_kwargs=kwargs)
    assert child.done["xcoms"] == {"return_value": "hi you 2024-01-02!"}
    child = run(
        "PythonOperator(task_id='t', python_callable=lambda x: x, op_args=['{{ [1, params.n] }}'])",
        dag_kwargs="render_template_as_native_obj=True, params={'n': 2}",
    )
    assert child.done["xcoms"] == {"return_value": [1, 2]}


def test_text_without_tags_is_what_jinja_would_make_of_it(run):
    child = run("PythonOperator(task_id='t', python_callable=lambda x: x, op_args=['a\\r\\nb\\n\\n'])")
    assert child.done["xcoms"] == {"return_value": "a\nb\n"}


def test_xcoms(run):
    calls = []

    def answer(call):
        calls.append({key: value for key, value in call.items() if key not in ("type", "id")})
        if call["method"] == "xcom_get" and call["task_id"] == "a":
            return {"ok": {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]}}
        if call["method"] == "xcom_set":
            return {"ok": None}
        return {"error": {"code": "not_found", "message": "no"}}

    child = run(
        """
        a = EmptyOperator(task_id="a")
        def t(ti):
            ti.xcom_push("key", {"when": datetime(2024, 1, 1)})
            return [ti.xcom_pull("a"), ti.xcom_pull(task_ids=["a", "b"]), ti.xcom_pull("b", default="none"),
                    ti.xcom_pull("a", dag_id="other", key="k", include_prior_dates=True)]
        a >> PythonOperator(task_id="t", python_callable=t)
        """,
        answer=answer,
    )
    pair = {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]}
    assert child.done["xcoms"]["return_value"] == [pair, [pair, None], "none", pair]
    assert calls[0]["method"] == "xcom_set"
    assert calls[0]["value"]["when"]["__classname__"] == "datetime.datetime"
    assert calls[-1] == {
        "method": "xcom_get", "key": "k", "task_id": "a", "dag_id": "other", "include_prior_dates": True,
    }  # fmt: skip


def test_multiple_outputs(run):
    child = run("@task\ndef t() -> dict:\n    return {'a': 1, 'b': [2]}\nt()\n")
    assert child.done["xcoms"] == {"a": 1, "b": [2], "return_value": {"a": 1, "b": [2]}}
    child = run("@task(multiple_outputs=True)\ndef t():\n    return 3\nt()\n")
    assert "must return a dict" in child.done["reason"]


def test_branch_and_short_circuit(run):
    down = "\n" + "\n".join(f"{name} = EmptyOperator(task_id='{name}')" for name in "abc")
    child = run(f"{down}\nBranchPythonOperator(task_id='t', python_callable=lambda: 'a') >> [a, b, c]\nb >> a")
    assert sorted(child.done["skip"]) == ["b", "c"]
    child = run(f"{down}\nBranchPythonOperator(task_id='t', python_callable=lambda: 'x') >> [a, b]")
    assert "has no 'x'" in child.done["reason"]
    child = run(f"{down}\nShortCircuitOperator(task_id='t', python_callable=lambda: False) >> a >> b")
    assert sorted(child.done["skip"]) == ["a", "b"]
    child = run(f"{down}\nShortCircuitOperator(task_id='t', python_callable=lambda: True) >> a >> b")
    assert "skip" not in child.done
    child = run(f"{down}\n@task.branch\ndef t():\n    return ['a']\nt() >> [a, b]")
    assert child.done["skip"] == ["b"]


def test_callbacks(run):
    body = """
        def note(name):
            def callback(context):
                print(name, context["ti"].state, context.get("exception"))
            return callback
        def raises(context):
            raise RuntimeError("in callback")
        @task(on_execute_callback=note("execute"), on_success_callback=[raises, note("success")],
              on_failure_callback=note("failure"), on_retry_callback=note("retry"), on_skipped_callback=note("skipped"))
        def t():
            {code}
        t()
    """
    child = run(body.format(code="pass"))
    assert child.stdout == "execute running None\nsuccess success None\n"
    assert "on_success_callback failed" in child.events
    assert run(body.format(code="1/0"), max_tries=0).stdout.endswith("failure failed division by zero\n")
    assert run(body.format(code="1/0"), max_tries=1).stdout.endswith("retry up_for_retry division by zero\n")
    assert run(body.format(code="raise AirflowSkipException"), max_tries=2).stdout.endswith("skipped skipped \n")


def test_mapped_tasks(run):
    body = """
        @task
        def numbers():
            return (1, 2, 3)
        @task
        def product(x, y, z=0):
            return [x, y, z]
        @task
        def total(values):
            return sum(values)
        total(product.partial(z=9).expand(x=numbers(), y=["a", "b"]))
        BashOperator.partial(task_id="shell").expand(bash_command=["echo {{ ds }}", "echo two"])
        PythonOperator.partial(task_id="kw", python_callable=lambda a, b: a + b).expand_kwargs(
            [{"op_args": [1, 2]}, {"op_args": [3, 4]}])
    """

    def answer(call):
        assert call["method"] in ("xcom_get", "xcom_get_all")
        if call.get("item", 0) > 2:
            return {"error": {"code": "not_found", "message": "no such item"}}
        return {"ok": [1, 2, 3][call["item"]] if "item" in call else [1, 2, 3][call.get("start", 0) :]}

    source = run(body, "numbers").done
    assert (source["xcoms"], source["map_length"]) == ({"return_value": [1, 2, 3]}, 3)
    done = [run(body, "product", answer, map_index=index).done for index in range(6)]
    assert {end["map_length"] for end in done} == {1}, "one value each for what is mapped over it"
    found = [end["xcoms"]["return_value"] for end in done]
    assert found == [[1, "a", 9], [1, "b", 9], [2, "a", 9], [2, "b", 9], [3, "a", 9], [3, "b", 9]]
    assert run(body, "total", answer).done["xcoms"] == {"return_value": 6}
    assert run(body, "shell", map_index=0).done["xcoms"] == {"return_value": "2024-01-02"}
    assert run(body, "kw", map_index=1).done["xcoms"] == {"return_value": 7}
    assert "more instances than" in run(body, "product", answer, map_index=6).done["reason"]


def test_values_of_mapped_arguments_are_not_rendered_when_they_come_from_xcoms(run):
    body = """
        @task
        def texts():
            return []
        @task
        def show(x):
            return x
        show.expand(x=texts())
    """
    child = run(body, "show", lambda call: {"ok": ["{{ ds }}"][call["item"]]}, map_index=0)
    assert child.done["xcoms"] == {"return_value": "{{ ds }}"}


def test_what_a_mapped_task_needs_must_be_returned(run):
    body = """
        @task
        def source():
            return {value}
        @task
        def show(x): ...
        show.expand(x=source())
    """
    assert "a mapped task expands over its return value" in run(body.format(value="None"), "source").done["reason"]
    assert "must be a list or dict, not int" in run(body.format(value="5"), "source").done["reason"]
    assert "would have 2000 instances" in run(body.format(value="[0] * 2000"), "source").done["reason"]


def test_secrets_are_masked(run):
    def answer(call):
        if call["method"] == "connection_get":
            return {"ok": {"conn_id": "db", "password": "hunter2-secret", "extra": '{"api_token": "tok-12345"}'}}
        if call["method"] == "variable_get":
            return {"ok": "variable-secret"}
        return {"ok": None}

    child = run(
        """
        from airflow.hooks.base import BaseHook
        from airflow.models import Variable
        def t(arg, password):
            BaseHook.get_connection("db")
            raise ValueError("hunter2-secret leaked")
        PythonOperator(task_id="t", python_callable=t, op_kwargs={
            "arg": "{{ var.value.my_password }}", "password": "literal-secret"})
        """,
        answer=answer,
    )
    masks = [value for message in child.of_type("mask") for value in message["values"]]
    assert masks == ["variable-secret", "hunter2-secret", "tok-12345"]
    (rendered,) = child.of_type("rendered")
    assert rendered["fields"] == {"op_kwargs": {"arg": "***", "password": "***"}}
    assert child.done["reason"] == "ValueError: *** leaked"


def test_environment(run):
    child = run(
        "BashOperator(task_id='t', bash_command='env | grep AIRFLOW_CTX_ | sort | paste -sd,', env={'A': 'b'})",
        owner="me", email="a@b.c",
    )  # fmt: skip
    assert child.done["xcoms"]["return_value"].split(",") == [
        "AIRFLOW_CTX_DAG_EMAIL=a@b.c",
        "AIRFLOW_CTX_DAG_ID=d",
        "AIRFLOW_CTX_DAG_OWNER=me",
        "AIRFLOW_CTX_DAG_RUN_ID=manual__2024-01-02T03:04:05+00:00",
        "AIRFLOW_CTX_EXECUTION_DATE=2024-01-02T03:04:05+00:00",
        "AIRFLOW_CTX_LOGICAL_DATE=2024-01-02T03:04:05+00:00",
        "AIRFLOW_CTX_TASK_ID=t",
        "AIRFLOW_CTX_TRY_NUMBER=1",
    ]


def test_bash(run):
    assert run("BashOperator(task_id='t', bash_command='exit 99')").done["state"] == "skipped"
    failed = run("BashOperator(task_id='t', bash_command='exit 3')").done
    assert "non-zero exit code 3" in failed["reason"]
    assert (
        run("BashOperator(task_id='t', bash_command='true', cwd='/nowhere')").done["reason"].endswith("does not exist")
    )
    child = run("@task.bash\ndef t():\n    return 'echo {{ ds }} && pwd'\nt()")
    assert "2024-01-02" in child.events
    assert child.done["xcoms"]["return_value"].startswith("/tmp/airflowtmp")


def test_logging_and_warnings(run):
    child = run(
        """
        import logging, warnings
        @task
        def t(ti=None):
            logging.getLogger("mine").warning("hello %s", "you", extra={"key": 1})
            ti.log.info("from ti")
            logging.getLogger("mine").debug("not shown")
            warnings.warn("careful")
            logging.getLogger("mine").info("%d", "not a number")
        t()
        """
    )
    first = child.of_type("log")[0]
    assert (first["event"], first["level"], first["logger"], first["key"]) == ("hello you", "warning", "mine", 1)
    assert first["timestamp"].endswith("Z")
    assert child.events[1:3] == ["from ti", "UserWarning: careful"]
    assert "can't be formatted" in child.events[3]


def test_sensors(run):
    body = """
        from airflow.sensors.python import PythonSensor
        from airflow.sensors.base import PokeReturnValue
        state = []
        def poke():
            state.append(1)
            return {value}
        PythonSensor(task_id="t", python_callable=poke, poke_interval=0.01, {kwargs})
    """
    done = run(body.format(value="PokeReturnValue(len(state) > 2, 'found')", kwargs="")).done
    assert done["xcoms"] == {"return_value": "found"}
    assert run(body.format(value="False", kwargs="timeout=0.05")).done["state"] == "failed"
    assert run(body.format(value="False", kwargs="timeout=0.05, soft_fail=True")).done["state"] == "skipped"
    done = run(body.format(value="False", kwargs="mode='reschedule'")).done
    assert done["state"] == "up_for_reschedule"
    done = run(
        body.format(value="False", kwargs="mode='reschedule', timeout=60"), first_started_at="2024-01-01T00:00:00Z"
    ).done
    assert "Sensor has timed out" in done["reason"]


def test_trigger_dagrun(run):
    def answer(call):
        if call["method"] == "run_trigger":
            assert (call["dag_id"], call["conf"], call["reset"]) == ("other", {"x": "2024-01-02"}, False)
            return {"ok": {"run_id": "manual__1"}}
        return {"ok": "manual__1"}

    child = run(
        """
        from airflow.operators.trigger_dagrun import TriggerDagRunOperator
        TriggerDagRunOperator(task_id="t", trigger_dag_id="other", conf={"x": "{{ ds }}"}, wait_for_completion=True)
        """,
        answer=answer,
    )
    calls = child.of_type("call")
    assert [call["method"] for call in calls] == ["run_trigger", "xcom_set", "xcom_get", "xcom_set"]
    assert calls[-1]["value"] == "/dags/other/runs/manual__1", "the link is there while it waits"
    assert child.done["state"] == "deferred"
    deferral = child.done["deferral"]
    assert deferral["classpath"] == "airflow.providers.standard.triggers.external_task.DagStateTrigger"
    assert (deferral["kwargs"]["run_ids"], deferral["kwargs"]["states"]) == (["manual__1"], ["success", "failed"])
    assert deferral["ends"] == {"failed_states": ["failed"]}, "no process is needed when the run has ended"


def test_get_current_context_and_coroutines(run):
    child = run("@task\nasync def t():\n    return get_current_context()['ds']\nt()\n")
    assert child.done["xcoms"] == {"return_value": "2024-01-02"}


def test_a_run_without_logical_date(run):
    body = """
        @task
        def t(ds, **context):
            return [ds, context["execution_date"].year, "logical_date" in context, context["dag_run"].logical_date]
        t()
    """
    child = run(body, run={"logical_date": None, "run_after": "2025-06-07T08:09:10.123456Z"})
    assert child.done["xcoms"] == {"return_value": ["2025-06-07", 2025, False, None]}


def test_missing_dag_or_task(run, host, dag_file):
    assert "has no task 'other' any more" in run("EmptyOperator(task_id='t')", "other").done["reason"]
    child = host.fork().run(workload(dag_file("1/0"), "d", "t"))
    assert child.done["reason"] == "the DAG file can't be imported: ZeroDivisionError: division by zero"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_a_task_of_another_user_is_wholly_theirs(tmp_path):
    """Ids, groups and home are the other user's, for good; the file that it makes is theirs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        path = folder / "d.py"
        path.write_text(
            textwrap.dedent(
                """
                import os
                from airflow.sdk import DAG, task
                with DAG("d", schedule=None):
                    @task
                    def t():
                        open(os.path.join(os.path.dirname(__file__), "made"), "w").close()
                        try:
                            os.setuid(0)
                        except PermissionError:
                            return [os.getresuid(), os.getresgid(), os.environ["HOME"], os.environ["USER"]]
                    t()
                """
            )
        )
        config = tmp_path / "airflow.cfg"
        config.write_text("[core]\ndefault_timezone = Europe/Berlin\n")
        config.chmod(0o600)
        host = Host(AIRFLOW_CONFIG=str(config))
        try:
            done = host.fork().run(workload(path, "d", "t", run_as_user="nobody")).done
        finally:
            host.close()
        entry = pwd.getpwnam("nobody")
        uid, gid = entry.pw_uid, entry.pw_gid
        assert done["state"] == "success", done
        ids, groups, home, user = done["xcoms"]["return_value"]
        assert (ids["__data__"], groups["__data__"], home, user) == ([uid] * 3, [gid] * 3, entry.pw_dir, "nobody")
        assert (folder / "made").stat().st_uid == uid


def test_run_as_user(run):
    body = "PythonOperator(task_id='t', python_callable=lambda: __import__('getpass').getuser())"
    me = getpass.getuser()
    assert run(body, run_as_user=me).done["xcoms"] == {"return_value": me}
    other = run(body, run_as_user="nobody").done
    if os.getuid() == 0:
        # pytest's folder is root's own, so that nobody can't read the file any more.
        assert "Permission denied" in other["reason"] or other["xcoms"] == {"return_value": "nobody"}
    else:
        assert other["reason"] == "run_as_user: the worker may not become 'nobody'; it must run as root for that"
    assert (
        run(body, run_as_user="no-such-user").done["reason"] == "run_as_user: this machine has no user 'no-such-user'"
    )


def test_arguments_without_effect_say_so(tmp_path):
    path = tmp_path / "d.py"
    path.write_text(
        "from airflow.sdk import DAG, task\n"
        "with DAG('d', schedule=None, disable_bundle_versioning=True):\n"
        "    @task(executor_config={'cpu': 1}, resources={'ram': 2})\n"
        "    def t(): pass\n"
        "    t()\n"
    )
    host = Host()
    try:
        child = host.fork().run(workload(path, "d", "t"))
    finally:
        host.close()
    assert child.done["state"] == "success"
    said = [event for event in child.events if "has no effect here" in event]
    assert [event.split()[0] for event in said] == ["executor_config", "resources"]
