"""Job ``callback``: what is called in a process that has the DAG files, when there is no try to call it from."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from airflow._runtime import logs, plugins, supervisor
from airflow._runtime.alerts import call_each, callbacks_of, tell
from airflow._runtime.load import dags_of, load, one_line
from airflow._runtime.wire import Channel, Closed

log = logging.getLogger("airflow.callback")


class CallbackProblem(Exception):
    """Why a callback could not be called, in one line."""


def call(channel: Channel, job: dict[str, Any]) -> int:
    """Call it and answer how that went; 0 also if it went wrong."""
    supervisor.set_channel(channel)
    logs.attach(channel)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    answer: dict[str, Any] = {"type": "called"}
    try:
        result = _KINDS[job["kind"]](job, _dag(job))
        if isinstance(result, list):
            answer["error"] = "; ".join(result) or None
        else:
            answer["value"] = result
    except CallbackProblem as problem:
        answer["error"] = str(problem)
    except BaseException as error:
        log.error("The callback failed", exc_info=error)
        answer["error"] = one_line(error)
    if answer.get("error"):
        answer["error"] = supervisor.masked(answer["error"])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        channel.send(answer)
    except (Closed, OSError):
        return 1
    return 0


def _dag(job: dict[str, Any]) -> Any:
    """The DAG, from its file. What a deadline calls may be elsewhere, so it can do without."""
    name = os.path.basename(job["path"])
    try:
        dag = dags_of(load(job["path"], job["root"])).get(job["dag_id"])
    except BaseException as error:
        if job["kind"] == "deadline":
            log.warning("The DAG file can't be imported", exc_info=error)
            return None
        log.error("The DAG file can't be imported", exc_info=error)
        raise CallbackProblem(f"the DAG file can't be imported: {one_line(error)}") from None
    logs.keep()
    if dag is None and job["kind"] != "deadline":
        raise CallbackProblem(f"{name} has no DAG {job['dag_id']!r} any more")
    return dag


def _instance(job: dict[str, Any], dag: Any) -> Any:
    """The task instance that the callback is about, as its try was; None if there is none."""
    workload, request = job.get("ti"), job["request"]
    task = dag.task_dict.get(workload["task_id"]) if workload else None
    if workload is None or task is None:
        return None
    from airflow._runtime.run import set_environment
    from airflow.sdk.execution_time.task_instance import DagRun, RuntimeTaskInstance

    set_environment(workload)
    ti = RuntimeTaskInstance(workload, task)
    if job.get("run"):
        ti.dag_run = DagRun(job["dag_id"], job["run"])
    ti.ended(
        request.get("ti_state") or request.get("state"),
        request.get("start_date"),
        request.get("ti_end_date") or request.get("end_date"),
        request.get("hostname"),
    )
    if task.is_mapped:
        from airflow._runtime.execute import unmap

        try:
            unmap(ti, ti.get_template_context())
        except Exception:
            # Its mapped arguments may be why it failed; its callbacks are those of partial() then.
            log.warning("The mapped arguments can't be resolved", exc_info=True)
    return ti


def _task(job: dict[str, Any], dag: Any) -> list[str]:
    """Callbacks and mails of a try that could not see to them itself."""
    from airflow.sdk.exceptions import AirflowException

    request = job["request"]
    ti = _instance(job, dag)
    if ti is None:
        raise CallbackProblem(f"DAG {job['dag_id']!r} has no task {request.get('task_id')!r} any more")
    failed = request["event"] in ("on_failure", "on_retry")
    error = AirflowException(request.get("reason") or "the try failed") if failed else None
    problems = tell(ti, request["state"], request.get("reason"), error)
    if (listeners := plugins.listeners()) is not None:
        listeners.tell_of_end(ti, request["state"], error)
    return problems


def _run(job: dict[str, Any], dag: Any) -> list[str]:
    """Callbacks of a run's end."""
    request = job["request"]
    event = request["event"]
    context = _run_context(job, dag)
    context["reason"] = request.get("reason")
    problems = call_each(callbacks_of(dag, event), context, f"DAG {event}_callback")
    hook = {"on_failure": "on_dag_run_failed", "on_running": "on_dag_run_running", "on_success": "on_dag_run_success"}
    if (listeners := plugins.listeners()) is not None and event in hook:
        run = context["dag_run"]
        run.state, run.dag = request.get("state") or run.state, dag
        listeners.call(hook[event], dag_run=run, msg=request.get("reason") or "")
    return problems


def _run_context(job: dict[str, Any], dag: Any) -> Any:
    from airflow.sdk.execution_time.task_instance import DagRun

    ti = _instance(job, dag)
    if ti is not None:
        return ti.get_template_context()
    run = DagRun(job["dag_id"], job["run"]) if job.get("run") else None
    return {"dag": dag, "dag_run": run, "run_id": run.run_id if run else None}


def _deadline(job: dict[str, Any], dag: Any) -> list[str]:
    """What a missed deadline calls."""
    import asyncio
    import inspect

    from airflow.sdk.bases.notifier import BaseNotifier

    request = job["request"]
    spec = request.get("callback") or {}
    function, kwargs = _what_to_call(dag, request.get("alert"), spec)
    context = {
        "dag_run": _Fields({**(job.get("run") or {}), "dag_run_id": (job.get("run") or {}).get("run_id")}),
        "deadline": _Fields(request.get("deadline") or {}),
    }
    if isinstance(function, type) and issubclass(function, BaseNotifier):
        notifier = function(**kwargs)
        if spec.get("mode") == "async":
            asyncio.run(notifier.notify_async(context))
        else:
            notifier.notify_now(context)
        return []
    if _takes_context(function):
        kwargs["context"] = context
    result = function(**kwargs)
    if inspect.isawaitable(result):

        async def wait() -> None:
            await result

        asyncio.run(wait())
    return []


class _Fields(dict[str, Any]):
    """A dict whose items are attributes as well."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _what_to_call(dag: Any, position: Any, spec: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The function or class with its arguments: as the DAG file has it now, else by its path."""
    alerts = dag.deadlines if dag is not None else []
    same = [(at, alert) for at, alert in enumerate(alerts) if alert.as_spec()["callback"]["path"] == spec.get("path")]
    for at, alert in same:
        if at == position or len(same) == 1:
            return alert.callback.resolve(), dict(alert.callback.kwargs)
    from airflow.utils.module_loading import import_string

    try:
        return import_string(spec["path"]), dict(spec.get("kwargs") or {})
    except ImportError as error:
        raise CallbackProblem(f"the callback {spec.get('path')!r} can't be found: {error}") from None


def _takes_context(function: Any) -> bool:
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind is p.VAR_KEYWORD or p.name == "context" for p in parameters)


def _reference(job: dict[str, Any], dag: Any) -> dict[str, Any]:
    """When a deadline is due whose reference or interval only Python knows."""
    from airflow._serialize.values import instant, seconds
    from airflow.sdk.definitions.deadline import VariableInterval
    from airflow.sdk.execution_time.task_instance import DagRun
    from airflow.utils.session import NEW_SESSION

    position = job["request"]["alert"]
    if position >= len(dag.deadlines):
        raise CallbackProblem(f"DAG {job['dag_id']!r} has no deadline number {position} any more")
    alert = dag.deadlines[position]
    interval = alert.interval.resolve() if isinstance(alert.interval, VariableInterval) else alert.interval
    if alert.reference.as_spec()["type"] != "custom":
        return {"interval": seconds(interval)}
    run = DagRun(job["dag_id"], job["run"]) if job.get("run") else None
    facts = {"dag_id": job["dag_id"], "run_id": run.run_id if run else None, "dag_run": run, "dagrun": run}
    at = alert.reference.evaluate_with(session=NEW_SESSION, **facts)
    return {"at": None if at is None else instant(at + interval)}


def _sla(job: dict[str, Any], dag: Any) -> list[str]:
    from airflow._runtime.sla import missed

    return missed(job, dag)


_KINDS = {"task": _task, "dag": _run, "deadline": _deadline, "reference": _reference, "sla": _sla}
