"""Job ``run``: one try of one task, from reading its file to reporting its end."""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Any

from airflow._runtime import logs, plugins, policies, supervisor
from airflow._runtime.load import dags_of, load, one_line
from airflow._runtime.outcome import Outcome, outcome_of
from airflow._runtime.wire import Channel, Closed

_MAX_XCOM = 60 << 20  # a frame holds 64 MiB


def run(channel: Channel, job: dict[str, Any]) -> int:
    """Run the try and report; 0 even if the task failed, for the report says so."""
    supervisor.set_channel(channel)
    logs.attach(channel)
    set_environment(job)
    refusal = _become(job.get("run_as_user"))
    outcome = _run(job) if refusal is None else Outcome("up_for_retry", reason=refusal)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        outcome.reason = outcome.reason or f"output was lost: {error}"
    usage = resource.getrusage(resource.RUSAGE_SELF)
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime + waited.ru_utime + waited.ru_stime
    report = outcome.as_message()
    report["max_rss_kb"] = max(usage.ru_maxrss, waited.ru_maxrss)
    report["cpu_ms"] = round(cpu * 1000)
    try:
        channel.send(report)
    except Closed:
        return 1
    return 0


def _become(user: str | None) -> str | None:
    """Go on as another Unix user; why that can't be, or None."""
    if not user:
        return None
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return f"run_as_user: this machine has no user {user!r}"
    if entry.pw_uid == os.getuid():
        return None
    from airflow._runtime.host import die_with
    from airflow.configuration import conf

    conf.sections()  # reads airflow.cfg, which may be for our own eyes only
    parent = os.getppid()
    try:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except PermissionError:
        return f"run_as_user: the worker may not become {user!r}; it must run as root for that"
    os.environ.update(HOME=entry.pw_dir, USER=user, LOGNAME=user)
    die_with(parent)  # the kernel forgets this with the change of the user
    return None


def set_environment(job: dict[str, Any]) -> None:
    """What child processes of the task may want to know."""
    run = job["run"]
    date = run.get("logical_date")
    values = {
        "AIRFLOW_CTX_DAG_ID": job["dag_id"],
        "AIRFLOW_CTX_TASK_ID": job["task_id"],
        "AIRFLOW_CTX_DAG_RUN_ID": run["run_id"],
        "AIRFLOW_CTX_TRY_NUMBER": str(job["try_number"]),
        "AIRFLOW_CTX_DAG_OWNER": job.get("owner") or "airflow",
        "AIRFLOW_CTX_DAG_EMAIL": job.get("email") or "",
    }
    if date:
        text = date[:-1] + "+00:00" if date.endswith("Z") else date
        values["AIRFLOW_CTX_EXECUTION_DATE"] = values["AIRFLOW_CTX_LOGICAL_DATE"] = text
    os.environ.update({name: value for name, value in values.items() if value})


def _run(job: dict[str, Any]) -> Outcome:
    from airflow.sdk.definitions.context import set_parsing_context

    signal.signal(signal.SIGTERM, _terminated)
    try:
        set_parsing_context(job["dag_id"], job["task_id"])
        module = load(job["path"], job["root"])
        set_parsing_context(None, None)
        logs.keep()
        dag = dags_of(module).get(job["dag_id"])
    except BaseException as error:
        _logger().error("The DAG file can't be imported", exc_info=error)
        return Outcome("up_for_retry", reason=f"the DAG file can't be imported: {one_line(error)}")
    name = os.path.basename(job["path"])
    if dag is None:
        return Outcome("up_for_retry", reason=f"{name} has no DAG {job['dag_id']!r} any more")
    task = dag.task_dict.get(job["task_id"])
    if task is None:
        return Outcome("up_for_retry", reason=f"DAG {job['dag_id']!r} has no task {job['task_id']!r} any more")
    return try_task(job, task)


def try_task(job: dict[str, Any], task: Any) -> Outcome:
    """Run a task, with its callbacks; never raises."""
    from airflow._runtime.alerts import anything_to_tell, tell
    from airflow._runtime.execute import run_task
    from airflow._runtime.outcome import by_policy
    from airflow.sdk.execution_time.task_instance import RuntimeTaskInstance

    ti = RuntimeTaskInstance(job, task)
    listeners = plugins.listeners()
    try:
        os.environ.update(policies.context_variables(ti))
        if listeners is not None:
            listeners.call("on_starting", component=job)
            listeners.tell_of_task("running", ti)
        outcome = run_task(ti)
    except BaseException as error:
        outcome = by_policy(outcome_of(error, ti), ti)
    if outcome.tells_people:
        _tell_people(ti)
    if outcome.state == "success":
        outcome.skip = list(ti.to_skip)
        outcome.xcoms.update(ti.pushed)
    if outcome.state == "success" and outcome.error is not None and ti.task.outlets:
        # It ended well by way of an exception, such as one that skips tasks downstream.
        from airflow._runtime.asset_events import updates

        outcome.asset_updates = updates(ti.task.outlets, ti.get_template_context()["outlet_events"])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Who asked the try to end knows whether anybody is to be told of it.
    outcome.called_back = not outcome.was_terminated
    called_back = outcome.called_back and anything_to_tell(ti, outcome.state)
    if called_back or (listeners is not None and listeners.cares_about(outcome.state, outcome.asset_updates)):
        # From here on nothing changes the end of the try, whatever its callbacks do.
        supervisor.send({**outcome.as_message(), "type": "decided"})
    if called_back:
        tell(ti, outcome.state, outcome.reason, outcome.error)
    if listeners is not None:
        listeners.tell_of_end(ti, outcome.state, outcome.error or outcome.reason)
        listeners.tell_of_assets(ti, outcome.asset_updates)
        listeners.call("before_stopping", component=job)
    return outcome


def _tell_people(ti: Any) -> None:
    """What they see of a try that is over: links, and templated attributes that its code has filled in."""
    from airflow._runtime.execute import rendered_fields

    task = ti.task
    if task.is_mapped:  # it failed before it was one of its instances
        return
    try:
        if task.operator_extra_links or plugins.loaded().by_name:
            from airflow._runtime.links import push_links

            push_links(ti)
        if getattr(task, "overwrite_rtif_after_execution", False):
            supervisor.send({"type": "rendered", "fields": rendered_fields(task)})
    except Exception as error:
        _logger().warning("what people see of the task is not complete", exc_info=error)


def _terminated(signum: int, frame: Any) -> None:
    from airflow.sdk.exceptions import AirflowTaskTerminated

    # A second SIGTERM must not interrupt the cleanup that the first one started.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise AirflowTaskTerminated("the task was asked to stop (SIGTERM)")


def _logger() -> Any:
    import logging

    return logging.getLogger("airflow.task")
