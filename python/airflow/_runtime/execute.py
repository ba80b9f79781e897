"""The steps of a try: map, render, execute, push."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.alerts import call_each, callbacks_of
from airflow._runtime.outcome import Outcome
from airflow._runtime.xcom_backend import forget_earlier_tries, to_store
from airflow._runtime.xcom_codec import NotSerializable
from airflow.sdk.definitions import context as current
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout

log = logging.getLogger("airflow.task")


def run_task(ti: Any) -> Outcome:
    """Run the task; raises what its code raises."""
    context = ti.get_template_context()
    current._current.append(context)
    try:
        forget_earlier_tries(ti)
        _say_what_has_no_effect(ti.task)
        from_xcom = unmap(ti, context)
        task = ti.task
        task.__dict__.pop("_init_done", None)  # what is assigned from here on makes no dependencies
        _render(task, context, from_xcom)
        if os.environ.get("TRADEWIND_RENDER_ONLY"):
            return Outcome("success")  # `tasks render`: what the templates become is all that is asked
        call_each(callbacks_of(task, "on_execute"), context, "on_execute_callback")
        with _timeout(ti), _end_on_signal(task), _named(ti, task, context):
            result = _execute(ti, task, context)
            task.post_execute(context, result)
        outcome = Outcome("success")
        _push_result(ti, task, result, outcome)
        outcome.asset_updates = _asset_updates(task, context)
        return outcome
    finally:
        current._current.pop()


def _say_what_has_no_effect(task: Any) -> None:
    """A line for each argument that is for executors other than the one that runs this try."""
    for name, instead in _WITHOUT_EFFECT.items():
        if name == "executor_config" and os.environ.get("AIRFLOW_IS_K8S_EXECUTOR_POD") == "True":
            continue
        if getattr(task, name, None):
            log.warning("%s of this task has no effect here: %s", name, instead)


_WITHOUT_EFFECT = {
    "executor_config": "this try runs in no pod of its own; only the KubernetesExecutor reads it",
    "resources": "nothing reserves them; pools and pool_slots limit what runs at once",
}


def _asset_updates(task: Any, context: Any) -> list[dict[str, Any]]:
    """What the task did to assets: its outlets, and what it said about them."""
    if not task.outlets:
        return []
    from airflow._runtime.asset_events import updates

    return updates(task.outlets, context["outlet_events"])


def _execute(ti: Any, task: Any, context: Any) -> Any:
    from airflow._runtime import deferral

    if ti.resume is not None:
        return deferral.resume(task, ti.resume, context)
    starts = deferral.start_from_trigger(task)
    if starts is not None:
        raise starts
    task.pre_execute(context)
    return task.execute(context)


def unmap(ti: Any, context: Any) -> set[int]:
    """Replace a mapped task by the real one of this instance."""
    task = ti.task
    if not task.is_mapped:
        return set()
    if ti.map_index < 0:
        raise AirflowException(f"task {task.task_id!r} is mapped, but this try has no map index")
    from_xcom: set[int]
    arguments, from_xcom = task.resolve_arguments(context, ti.map_index)
    ti.task = task.unmap(arguments)
    for name in ("task", "params", "templates_dict"):
        context.pop(name, None)
        context._gone.discard(name)
    return from_xcom


def _render(task: Any, context: Any, from_xcom: set[int]) -> None:
    task.resolve_template_files()
    jinja_env = None
    if task.render_template_as_native_obj is not None:
        jinja_env = _own_environment(task)
    _render_fields(task, context, jinja_env, from_xcom)
    fields = rendered_fields(task)
    if fields:
        supervisor.send({"type": "rendered", "fields": fields})


def _render_fields(task: Any, context: Any, jinja_env: Any, from_xcom: set[int]) -> None:
    if from_xcom:
        task._do_render_template_fields(task, task.template_fields, context, jinja_env, set(from_xcom))
    else:
        task.render_template_fields(context, jinja_env)


def _own_environment(task: Any) -> Any:
    from airflow._runtime.jinja import environment

    dag = task.dag
    return environment(
        [dag.folder, *dag.template_searchpath],
        dag.template_undefined,
        dag.jinja_environment_kwargs,
        dag.user_defined_macros,
        dag.user_defined_filters,
        native=task.render_template_as_native_obj,
    )


def rendered_fields(task: Any) -> dict[str, Any]:
    """The templated attributes as they are now, for people: secrets hidden, long ones cut."""
    fields: dict[str, Any] = {}
    for name in task.template_fields:
        value = getattr(task, name, None)
        if value is None or (isinstance(value, (str, Sequence, Mapping)) and not value):
            continue
        fields[name] = _presentable(value, name)
    return fields


def _presentable(value: Any, name: str) -> Any:
    from airflow._runtime.secrets import redact
    from airflow._serialize.values import plain

    # People read spans of time as texts.
    shown = redact(str(value) if isinstance(value, timedelta) else plain(value), name)
    longest = 4096
    if isinstance(shown, str):
        text = shown
    else:
        text = json.dumps(shown, ensure_ascii=False)
    if len(text) <= longest:
        return shown
    return f"Truncated. You can change this behaviour in [core]max_templated_field_length. {text[:longest]!r}... "


@contextmanager
def _named(ti: Any, task: Any, context: Any) -> Iterator[None]:
    """Name an instance of a mapped task by ``map_index_template``: before it runs, as far as that is possible, and
    when it has, for the template may use what the task put into its context."""
    if ti.map_index < 0 or not task.map_index_template:
        yield
        return
    try:
        _name(ti, task, context)
    except Exception as error:
        log.debug("map_index_template can't be rendered before the task has run: %s", error)
    try:
        yield
    finally:
        try:
            _name(ti, task, context)
        except Exception:
            log.exception("map_index_template can't be rendered")


def _name(ti: Any, task: Any, context: Any) -> None:
    text = str(task.render_template(task.map_index_template, context))
    if text != ti.rendered_map_index:
        ti.rendered_map_index = text
        supervisor.call("rendered_map_index", text=supervisor.masked(text))


@contextmanager
def _timeout(ti: Any) -> Iterator[None]:
    """Raise ``AirflowTaskTimeout`` in the task's code after ``execution_timeout``."""
    from airflow._runtime.deferral import remaining, time_limit

    limit = time_limit(ti.task)
    if limit is None:
        yield
        return
    left = remaining(ti) if ti.resume is not None else limit
    seconds = left.total_seconds() if left is not None else 0.0
    if seconds <= 0:
        if ti.resume is None:
            raise AirflowTaskTimeout("execution_timeout is not positive")
        raise AirflowTaskTimeout(f"ran longer than execution_timeout ({limit}), the waiting included")

    def expired(signum: int, frame: Any) -> None:
        log.error("Task ran longer than execution_timeout (%s)", limit)
        raise AirflowTaskTimeout(f"ran longer than execution_timeout ({limit})")

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _end_on_signal(task: Any) -> Iterator[None]:
    """Have a task that is stopped end what it started elsewhere."""
    from airflow.sdk.exceptions import AirflowTaskTerminated

    try:
        yield
    except (AirflowTaskTerminated, AirflowTaskTimeout) as error:
        if isinstance(error, AirflowTaskTerminated):
            log.error("Received SIGTERM. Terminating subprocesses.")
        try:
            task.on_kill()
        except Exception:
            log.exception("on_kill failed")
        raise


def _push_result(ti: Any, task: Any, result: Any, outcome: Outcome) -> None:
    mapped_over = _is_mapped_over(ti)
    if result is None or not task.do_xcom_push:
        if mapped_over:
            from airflow.sdk.exceptions import XComForMappingNotPushed

            raise XComForMappingNotPushed()
        return
    if getattr(task, "multiple_outputs", False):
        if not isinstance(result, Mapping):
            raise AirflowException(
                f"a task with multiple_outputs must return a dict, not {type(result).__name__}: {result!r}"
            )
        for key, value in result.items():
            if not isinstance(key, str):
                raise AirflowException(f"a task with multiple_outputs must return a dict with text keys, not {key!r}")
            outcome.xcoms[key] = _stored(ti, value, key)
    if mapped_over:
        _check_mappable(result)
        if not isinstance(result, Mapping):
            result = list(result)
        outcome.map_length = len(result)
    elif ti.map_index >= 0:
        # One of the values that a task mapped over this one counts, whatever it is.
        outcome.map_length = 1
    outcome.xcoms["return_value"] = _stored(ti, result, "return_value")


def _stored(ti: Any, value: Any, key: str) -> Any:
    try:
        return to_store(value, key, ti.dag_id, ti.run_id, ti.task_id, ti.map_index)
    except NotSerializable as error:
        raise AirflowException(f"XCom {key!r}: {error}") from None


def _is_mapped_over(ti: Any) -> bool:
    """Whether mapped tasks or groups need this task's whole return value to know how often they run."""
    if ti.map_index >= 0:
        return False
    return any(True for _ in ti.task.dag.task_dict[ti.task_id].iter_mapped_dependants())


def _check_mappable(result: Any) -> None:
    from airflow.configuration import conf
    from airflow.sdk.exceptions import UnmappableXComLengthPushed, UnmappableXComTypePushed

    if isinstance(result, (str, bytes)) or not isinstance(result, (Sequence, Mapping)):
        raise UnmappableXComTypePushed(result)
    longest = conf.getint("core", "max_map_length", fallback=1024)
    if len(result) > longest:
        raise UnmappableXComLengthPushed(result, longest)
