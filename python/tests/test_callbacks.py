"""Callbacks in the try's own process, and those that are called in a process with the DAG files."""

from __future__ import annotations

import json
import textwrap
from mailbox import Mailbox

import pytest
from driver import INSTANT, Host, workload

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

HEAD = """
    import json, os, sys
    from datetime import datetime, timedelta
    from airflow import DAG
    from airflow.decorators import task
    from airflow.exceptions import *
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.sdk import *

    def tell(what):
        def callback(context):
            error = context.get("exception")
            ti = context["ti"]
            assert context["task_instance"] is ti
            print("told", what, ti.state, ti.task_id, repr(error) if error else None, flush=True)
        return callback

    def broken(context):
        raise RuntimeError("the callback is broken")
"""
RUN = {
    "dag_id": "d",
    "run_id": "manual__2024-01-02T03:04:05+00:00",
    "run_type": "manual",
    "logical_date": INSTANT,
    "data_interval_start": INSTANT,
    "data_interval_end": INSTANT,
    "run_after": INSTANT,
    "queued_at": INSTANT,
    "start_date": INSTANT,
    "end_date": None,
    "state": "failed",
    "conf": {"a": 1},
}


@pytest.fixture
def written(dag_file):
    """Writes a file whose DAG is ``d``."""

    def _written(body, dag_kwargs="", before=""):
        path = dag_file("")
        text = textwrap.dedent(HEAD) + textwrap.dedent(before) + f"with DAG('d', schedule=None, {dag_kwargs}) as dag:\n"
        path.write_text(text + textwrap.indent(textwrap.dedent(body), "    "))
        return path

    return _written


@pytest.fixture
def run(host, written):
    """Runs task ``t`` of a file."""

    def _run(body, dag_kwargs="", before="", answer=None, **more):
        return host.fork().run(workload(written(body, dag_kwargs, before), "d", "t", **more), answer)

    return _run


def told(child):
    return [line[5:] for line in child.stdout.splitlines() if line.startswith("told ")]


FAILS = "@task({})\ndef t():\n    1/0\nt()\n"


@pytest.mark.parametrize(
    ("body", "max_tries", "expected"),
    [
        ("@task(on_success_callback=tell('yes'), on_failure_callback=tell('no'))\ndef t():\n    pass\nt()", 0,
         ["yes success t None"]),
        (FAILS.format("on_failure_callback=[tell('a'), tell('b')]"), 0,
         ["a failed t ZeroDivisionError('division by zero')", "b failed t ZeroDivisionError('division by zero')"]),
        (FAILS.format("on_retry_callback=tell('retry'), on_failure_callback=tell('no')"), 1,
         ["retry up_for_retry t ZeroDivisionError('division by zero')"]),
        ("@task(on_skipped_callback=tell('skip'))\ndef t():\n    raise AirflowSkipException('x')\nt()", 0,
         ["skip skipped t AirflowSkipException('x')"]),
        ("BashOperator(task_id='t', bash_command='exit 3', on_failure_callback=tell('bash'))", 0,
         ["bash failed t AirflowException('Bash command failed. The command returned a non-zero exit code 3.')"]),
    ],
)  # fmt: skip
def test_callbacks_at_the_end_of_a_try(run, body, max_tries, expected):
    child = run(body, max_tries=max_tries)
    assert told(child) == expected
    assert child.done["called_back"] is True
    kinds = [frame["type"] for frame in child.frames if frame["type"] in ("decided", "done")]
    assert kinds == ["decided", "done"], "the end is decided before they are called"
    assert child.of_type("decided")[0]["state"] == child.done["state"]


def test_default_args_give_callbacks_to_every_task(run):
    args = "default_args={'on_failure_callback': tell('default'), 'on_execute_callback': tell('begins')}"
    child = run(FAILS.format(""), dag_kwargs=args)
    assert told(child) == [
        "begins running t None",
        "default failed t ZeroDivisionError('division by zero')",
    ]


def test_a_mapped_task_calls_back_as_its_instance(run):
    child = run(
        "@task(on_failure_callback=lambda c: print('told', c['ti'].map_index, c['task'].op_kwargs, flush=True))\n"
        "def t(x):\n    1/0\nt.expand(x=[5, 6])\n",
        map_index=1,
    )
    assert told(child) == ["1 {'x': 6}"]


CONTEXTS = {
    "1.10": ("execution_date", "next_execution_date", "prev_execution_date", "ds", "ds_nodash", "dag", "dag_run",
             "task",              "task_instance", "ti", "run_id", "macros", "params", "conf", "exception"),
    "2.x": ("logical_date", "data_interval_start", "data_interval_end", "triggering_dataset_events", "var", "conn",
            "ts_nodash", "prev_data_interval_start_success", "templates_dict", "try_number", "exception"),
    "3.x": ("dag_run", "inlet_events", "outlets", "map_index_template", "task_reschedule_count", "logical_date",
            "reason",             "triggering_asset_events", "partition_key", "exception"),
}  # fmt: skip


@pytest.mark.parametrize("era", CONTEXTS)
def test_a_callback_has_the_context_of_every_era(run, era):
    before = f"def look(context):\n    print('told', [k for k in {CONTEXTS[era]!r} if k not in context], flush=True)\n"
    assert told(run(FAILS.format("on_failure_callback=look"), before=before)) == ["[]"]


@pytest.mark.parametrize(
    ("callback", "exit_code"),
    [
        ("broken", 0),
        ("lambda c: sys.exit(4)", 0),
        ("lambda c: os._exit(5)", 5),
        ("lambda c: os.kill(os.getpid(), 9)", None),
    ],
)
def test_what_a_callback_does_changes_nothing_about_the_try(run, callback, exit_code):
    child = run(f"@task(on_success_callback=[{callback}, tell('next')])\ndef t():\n    return 7\nt()")
    decided = child.of_type("decided")[0]
    assert (decided["state"], decided["xcoms"]) == ("success", {"return_value": 7})
    assert child.exit["code"] == exit_code
    assert told(child) == (["next success t None"] if exit_code == 0 else [])


def test_a_try_that_is_stopped_leaves_its_callbacks_to_others(host, written):
    body = (
        "@task(on_failure_callback=tell('no'))\ndef t():\n"
        "    print('up', flush=True)\n    import time; time.sleep(60)\nt()"
    )
    child = host.fork()
    child.channel.send(workload(written(body), "d", "t"))
    while child.printed() != "up":
        pass
    child.kill(15)
    child.until("done")
    assert not child.done.get("called_back") and told(child.wait()) == []


# Called in a process with the DAG files.


def callback(path, kind, request, ti=True, run=RUN, **more):
    job = {key: value for key, value in workload(path, "d", "t", **more).items() if key not in ("type", "path", "root")}
    return {"type": "callback", "path": str(path), "root": str(path.parent), "kind": kind, "dag_id": "d", "run": run,
            "request": request, "ti": job if ti else None}  # fmt: skip


FAILED = {"event": "on_failure", "task_id": "t", "state": "failed", "try_number": 1, "reason": "killed by SIGKILL",
          "start_date": INSTANT, "end_date": "2024-01-02T03:04:15Z", "hostname": "elsewhere"}  # fmt: skip


def answer_of(child):
    (answer,) = child.of_type("called")
    return answer


def test_the_callback_of_a_try_whose_worker_died(host, written):
    before = """
        def look(context):
            ti = context["ti"]
            print("told", ti.state, ti.try_number, ti.hostname, ti.duration, context["exception"], context["reason"],
                  flush=True)
    """
    child = host.fork().run(
        callback(written(FAILS.format("on_failure_callback=[broken, look]"), before=before), "task", FAILED)
    )
    assert told(child) == ["failed 1 elsewhere 10.0 killed by SIGKILL killed by SIGKILL"]
    assert answer_of(child)["error"] == "on_failure_callback: RuntimeError: the callback is broken"
    assert any(record["event"] == "on_failure_callback failed" for record in child.of_type("log"))


def test_the_callback_of_a_whole_run(host, written):
    before = """
        def look(context):
            run = context["dag_run"]
            ti = context.get("ti")
            print("told", context["reason"], run.state, run.run_id == context["run_id"], context["dag"].dag_id,
                  run.conf, ti and ti.task_id, ti and ti.state, flush=True)
    """
    request = {"event": "on_failure", "reason": "task_failure", "state": "failed", "ti_state": "failed"}
    path = written(FAILS.format(""), "on_failure_callback=look", before)
    assert told(host.fork().run(callback(path, "dag", request))) == ["task_failure failed True d {'a': 1} t failed"]
    assert told(host.fork().run(callback(path, "dag", request, ti=False))) == [
        "task_failure failed True d {'a': 1} None None"
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            FAILS.format("").replace("def t", "def other").replace("\nt()", "\nother()"),
            "DAG 'd' has no task 't' any more",
        ),
        ("import nowhere_at_all", "the DAG file can't be imported: ModuleNotFoundError"),
    ],
)
def test_a_file_that_changed_meanwhile_is_told_as_the_reason(host, written, body, problem):
    child = host.fork().run(callback(written(body), "task", FAILED))
    assert answer_of(child)["error"].startswith(problem)


DEADLINE = {"event": "deadline_missed", "alert": 0,
            "deadline": {"id": "x", "deadline_time": INSTANT, "alert_name": None}}  # fmt: skip


@pytest.mark.parametrize("kind", ["SyncCallback", "AsyncCallback"])
def test_a_missed_deadline_calls_functions_of_the_dag_file_and_notifiers(host, written, kind):
    before = f"""
        {"async " if kind == "AsyncCallback" else ""}def missed(**kwargs):
            context = kwargs.pop("context")
            print("told", context["dag_run"]["run_id"], context["deadline"].deadline_time, kwargs, flush=True)

        class Note(BaseNotifier):
            template_fields = ("text",)
            def __init__(self, text, **kwargs):
                super().__init__(**kwargs)
                self.text = text
            def notify(self, context):
                print("told", self.text, flush=True)

        def alert(callback):
            return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(minutes=5), callback)
    """
    text = "late: {{ deadline.deadline_time }}"
    kwargs = f"deadline=[alert({kind}(missed, kwargs={{'x': 1}})), alert({kind}(Note, kwargs={{'text': '{text}'}}))]"
    path = written("EmptyOperator(task_id='t')", kwargs, before)
    dag = host.parse(path)["dags"][0]
    specs = [deadline["callback"] for deadline in dag["deadlines"]]
    mode = "async" if kind == "AsyncCallback" else "sync"
    assert [spec["mode"] for spec in specs] == [mode, mode]
    assert [deadline["reference"] for deadline in dag["deadlines"]] == [{"type": "queued_at"}] * 2
    answers = [
        host.fork().run(callback(path, "deadline", {**DEADLINE, "alert": n, "callback": spec}, ti=False))
        for n, spec in enumerate(specs)
    ]
    assert [answer_of(child).get("error") for child in answers] == [None, None]
    assert told(answers[0]) == [f"{RUN['run_id']} {INSTANT} {{'x': 1}}"]
    assert told(answers[1]) == [f"late: {INSTANT}"]


def test_references_of_every_kind_are_data(host, written):
    before = """
        @deadline_reference(DeadlineReference.TYPES.DAGRUN_QUEUED)
        class Mine(BaseDeadlineReference):
            def _evaluate_with(self, *, session, dag_id, run_id, **kwargs):
                assert dag_id == "d" and run_id.startswith("manual")
                return datetime(2030, 1, 1)

        from airflow.sdk.definitions.deadline import VariableInterval
        call = SyncCallback("json.dumps")
        def alert(reference, interval=timedelta(hours=1)):
            return DeadlineAlert(reference, interval, call, name="n")
    """
    kwargs = (
        "deadline=[alert(DeadlineReference.DAGRUN_LOGICAL_DATE), "
        "alert(DeadlineReference.FIXED_DATETIME(datetime(2025, 1, 1))), "
        "alert(DeadlineReference.AVERAGE_RUNTIME(max_runs=5, min_runs=2)), alert(DeadlineReference.Mine), "
        "alert(DeadlineReference.DAGRUN_QUEUED_AT, VariableInterval('seconds'))]"
    )
    path = written("EmptyOperator(task_id='t')", kwargs, before)
    specs = host.parse(path)["dags"][0]["deadlines"]
    assert [spec["reference"] for spec in specs] == [
        {"type": "logical_date"},
        {"type": "fixed", "at": "2025-01-01T00:00:00Z"},
        {"type": "average_runtime", "max_runs": 5, "min_runs": 2},
        {"type": "custom", "class": "Mine", "when_queued": True},
        {"type": "queued_at"},
    ]
    assert [spec.get("interval") for spec in specs] == [3600.0] * 4 + [None]
    child = host.fork().run(callback(path, "reference", {"alert": 3}, ti=False))
    assert answer_of(child)["value"] == {"at": "2030-01-01T01:00:00Z"}
    child = host.fork().run(callback(path, "reference", {"alert": 4}, ti=False), lambda call: {"ok": "90"})
    assert answer_of(child)["value"] == {"interval": 90.0}
    child = host.fork().run(callback(path, "reference", {"alert": 4}, ti=False), lambda call: {"ok": "soon"})
    assert "variable 'seconds' must be a number of seconds" in answer_of(child)["error"]


def test_what_is_no_deadline_is_an_import_error(host, written):
    for wrong, word in [
        ("5", "must be a DeadlineAlert"),
        ("DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, 5, SyncCallback('json.dumps'))", "is a timedelta or"),
        (
            "DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(1), print)",
            "an AsyncCallback or a SyncCallback",
        ),
        ("DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(1), AsyncCallback(print))", "not awaitable"),
    ]:
        parsed = host.parse(written("EmptyOperator(task_id='t')", f"deadline={wrong}"))
        assert word in parsed["import_error"]["message"], parsed["import_error"]


def test_missed_service_levels_call_back_with_five_arguments(host, written):
    before = """
        def missed(dag, task_list, blocking_task_list, slas, blocking_tis):
            states = [ti.state for ti in blocking_tis]
            print("told", dag.dag_id, "|", task_list, "|", blocking_task_list, "|", slas, "|", states, flush=True)
    """
    path = written("EmptyOperator(task_id='t', sla=timedelta(seconds=30))", "sla_miss_callback=missed", before)
    dag = host.parse(path)["dags"][0]
    assert (dag["callbacks"], dag["tasks"][0]["sla"]) == (["sla_miss"], 30.0)
    rows = [
        {"task_id": "t", "map_index": -1, "state": "running"},
        {"task_id": "u", "map_index": -1, "state": "success"},
    ]
    replies = {"run_get": {"ok": RUN}, "task_states": {"ok": rows}}
    miss = {"task_id": "t", "run_id": RUN["run_id"], "logical_date": INSTANT}
    child = host.fork().run(
        callback(path, "sla", {"event": "sla_miss", "misses": [miss], "at": INSTANT}, ti=False),
        lambda call: replies[call["method"]],
    )
    when = "2024-01-02T03:04:05+00:00"
    assert told(child) == [f"d | t on {when} | t on {when} | [('d', 't', '{when}')] | ['running']"]


def test_check_slas_off_means_that_there_are_none(written):
    path = written("EmptyOperator(task_id='t', sla=timedelta(seconds=30))")
    host = Host(AIRFLOW__CORE__CHECK_SLAS="False")
    try:
        assert "sla" not in host.parse(path)["dags"][0]["tasks"][0]
    finally:
        host.close()


# Mails.


@pytest.fixture
def mailbox():
    """A mail server, and a host that sends to it."""
    with Mailbox(login=("me", "pa55w0rd")) as box:
        box.host = Host(**box.environment, AIRFLOW__SMTP__SMTP_USER="me", AIRFLOW__SMTP__SMTP_PASSWORD="pa55w0rd")
        yield box
        box.host.close()


def text_of(mail):
    return "".join(
        part.get_payload(decode=True).decode() for part in mail.walk() if part.get_content_maintype() == "text"
    )


def test_mails_about_failures_and_retries(mailbox, written):
    path = written(FAILS.format("email='a@example.com; b@example.com', retries=1"))
    for max_tries, words in [(1, "Try 1 of 2 failed and is to be repeated"), (0, "Try 1 of 1 failed.")]:
        child = mailbox.host.fork().run(workload(path, "d", "t", max_tries=max_tries))
        to, mail = mailbox.take()
        assert to == ["a@example.com", "b@example.com"]
        assert mail["From"] == "tradewind@example.com"
        assert mail["Subject"].startswith("Airflow alert: <TaskInstance: d.t manual__2024-01-02T03:04:05+00:00")
        assert words in text_of(mail) and "division by zero" in text_of(mail)
        assert "/dags/d/runs/" in text_of(mail)
        assert "pa55w0rd" not in json.dumps(child.of_type("log")), "the password is no log's business"
    assert mailbox.logins == [("me", "pa55w0rd")] * 2


def test_mails_only_to_those_who_want_them(mailbox, written):
    path = written(FAILS.format("email=['a@example.com'], email_on_retry=False"))
    child = mailbox.host.fork().run(workload(path, "d", "t", max_tries=1))
    assert child.done["state"] == "up_for_retry" and not child.of_type("decided")
    path = written("@task(email='a@example.com')\ndef t():\n    pass\nt()\n")
    assert mailbox.host.fork().run(workload(path, "d", "t")).done["state"] == "success"
    assert mailbox.mails.empty()


def test_a_mail_when_the_worker_died_with_templates_of_ones_own(mailbox, written, tmp_path):
    (tmp_path / "subject").write_text("{{ ti.task_id }}\nfailed on {{ ti.hostname }}")
    (tmp_path / "content").write_text("<b>{{ exception_html }}</b> {{ ds }} {{ dag.dag_id }}")
    host = Host(
        **mailbox.environment,
        AIRFLOW__SMTP__SMTP_USER="me",
        AIRFLOW__SMTP__SMTP_PASSWORD="pa55w0rd",
        AIRFLOW__EMAIL__SUBJECT_TEMPLATE=str(tmp_path / "subject"),
        AIRFLOW__EMAIL__HTML_CONTENT_TEMPLATE=str(tmp_path / "content"),
        AIRFLOW__EMAIL__FROM_EMAIL="Wind <wind@example.com>",
    )
    try:
        request = {**FAILED, "reason": "a < b"}
        child = host.fork().run(callback(written(FAILS.format("email='a@example.com'")), "task", request))
    finally:
        host.close()
    assert answer_of(child).get("error") is None
    _, mail = mailbox.take()
    assert (mail["Subject"], mail["From"]) == ("t failed on elsewhere", "Wind <wind@example.com>")
    assert text_of(mail) == "<b>a &lt; b</b> 2024-01-02 d"


def test_missed_service_levels_are_mailed(mailbox, written):
    path = written("EmptyOperator(task_id='t', sla=timedelta(seconds=30), email='a@example.com')")
    request = {"event": "sla_miss", "misses": [{"task_id": "t", "run_id": "r", "logical_date": INSTANT}], "at": INSTANT}
    child = mailbox.host.fork().run(callback(path, "sla", request, ti=False))
    assert answer_of(child).get("error") is None
    to, mail = mailbox.take()
    assert (to, mail["Subject"]) == (["a@example.com"], "[airflow] SLA miss on DAG=d")


def test_a_mail_that_cannot_be_sent_is_told_and_changes_nothing(run):
    host_free = "AIRFLOW__SMTP__SMTP_HOST"
    child = run(
        f"import os; os.environ['{host_free}'] = '127.0.0.1'; os.environ['AIRFLOW__SMTP__SMTP_PORT'] = '1'\n"
        + FAILS.format("email='a@example.com'")
    )
    assert child.done["state"] == "up_for_retry"
    assert any(record["event"] == "The mail about the task could not be sent" for record in child.of_type("log"))


def test_send_email_with_everything(mailbox, run, written, tmp_path):
    (tmp_path / "table.csv").write_text("1,2")
    body = f"""
        @task
        def t():
            from airflow.utils.email import send_email
            send_email("a@example.com", "s", "<i>c</i>", files=["{tmp_path}/table.csv"], cc="c@example.com",
                       bcc=["d@example.com"], custom_headers={{"X-Own": "yes"}})
        t()
    """
    child = mailbox.host.fork().run(workload(written(body), "d", "t"))
    assert child.done["state"] == "success", child.events
    to, mail = mailbox.take()
    assert to == ["a@example.com", "c@example.com", "d@example.com"]
    assert (mail["CC"], mail["X-Own"], mail["Bcc"]) == ("c@example.com", "yes", None)
    assert [part.get_filename() for part in mail.walk() if part.get_filename()] == ["table.csv"]


@pytest.mark.parametrize("path", ["airflow.operators.email", "airflow.operators.email_operator"])
def test_the_email_operator_of_older_eras(mailbox, written, path):
    body = """
        EmailOperator(task_id="t", to="a@example.com", subject="about {{ ds }}", html_content="<b>{{ dag.dag_id }}</b>")
    """
    child = mailbox.host.fork().run(workload(written(body, before=f"from {path} import EmailOperator\n"), "d", "t"))
    assert child.done["state"] == "success", child.events
    to, mail = mailbox.take()
    assert (to, mail["Subject"], text_of(mail)) == (["a@example.com"], "about 2024-01-02", "<b>d</b>")


# Retry policies.

POLICY = """
    class Mine(RetryPolicy):
        def evaluate(self, exception, try_number, max_tries, context=None):
            assert (try_number, max_tries, context["ti"].task_id) == (1, 2, "t")
            return RetryDecision.retry(timedelta(minutes=10), "mine")

    class Broken(RetryPolicy):
        def evaluate(self, *args, **kwargs):
            raise KeyError("broken")

    rules = ExceptionRetryPolicy([
        RetryRule("builtins.LookupError", RetryAction.FAIL, reason="no such thing"),
        RetryRule([ConnectionError, TimeoutError], retry_delay=timedelta(hours=1), reason="busy"),
        RetryRule(ArithmeticError, RetryAction.FAIL, match_subclasses=False),
    ])
"""


@pytest.mark.parametrize(
    ("policy", "error", "max_tries", "state", "reason", "delayed"),
    [
        ("rules", "KeyError('k')", 2, "failed", "KeyError: 'k' (retry policy: no such thing)", False),
        ("rules", "ConnectionResetError('c')", 2, "up_for_retry", "ConnectionResetError: c (retry policy: busy)", True),
        ("rules", "ConnectionResetError('c')", 0, "up_for_retry", "ConnectionResetError: c", False),
        ("rules", "ZeroDivisionError('z')", 2, "up_for_retry", "ZeroDivisionError: z", False),
        ("rules", "AirflowFailException('f')", 2, "failed", "AirflowFailException: f", False),
        ("Mine()", "ValueError('v')", 2, "up_for_retry", "ValueError: v (retry policy: mine)", True),
        ("Broken()", "ValueError('v')", 2, "up_for_retry", "ValueError: v", False),
    ],
)
def test_a_retry_policy_decides_by_the_exception(run, policy, error, max_tries, state, reason, delayed):
    body = f"@task(retry_policy={policy}, retries=2)\ndef t():\n    raise {error}\nt()\n"
    child = run(body, before=POLICY, max_tries=max_tries)
    assert (child.done["state"], child.done["reason"]) == (state, reason)
    assert ("retry_at" in child.done) == delayed


def test_the_failure_that_a_policy_decides_calls_on_failure(run):
    arguments = "retry_policy=rules, on_failure_callback=tell('no'), on_retry_callback=tell('again')"
    body = f"@task({arguments})\ndef t():\n    {{}}['k']\nt()\n"
    assert told(run(body, before=POLICY, max_tries=2)) == ["no failed t KeyError('k')"]


def test_a_retry_policy_is_data_for_people(host, written):
    path = written("BashOperator(task_id='t', bash_command='true', retry_policy=rules)", before=POLICY)
    task = host.parse(path)["dags"][0]["tasks"][0]
    assert "lane" not in task, "a policy needs Python"
    spec = task["retry_policy"]
    assert spec["class"].endswith("ExceptionRetryPolicy") and spec["rules"][1]["retry_delay"] == 3600.0


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        (False, [("success", "success", "last", "success")]),
        (True, [("failure", "failed", "work", "task_failure")]),
    ],
)
def test_a_rehearsal_calls_what_the_dag_calls_at_its_end(fails, expected):
    from airflow.exceptions import AirflowException
    from airflow.sdk import DAG, task

    told = []

    def tell(what):
        def callback(context):
            told.append((what, context["dag_run"].state, context["ti"].task_id, context["reason"]))

        return callback

    def broken(context):
        raise RuntimeError("changes nothing")

    with DAG(
        "d",
        schedule=None,
        on_success_callback=[broken, tell("success")],
        on_failure_callback=tell("failure"),
    ) as dag:

        @task
        def work():
            if fails:
                raise AirflowException("no")

        @task
        def last():
            return 1

        work() >> last()
    assert dag.test().state == ("failed" if fails else "success")
    assert told == expected
