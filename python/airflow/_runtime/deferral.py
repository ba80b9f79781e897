"""How a task says what it waits for, and how it goes on afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow._runtime.outcome import Outcome
from airflow._runtime.xcom_codec import NotSerializable, decode, encode
from airflow.sdk.exceptions import AirflowException


def deferred(error: Any, ti: Any) -> Outcome:
    """The end of this part of a try that raised ``TaskDeferred``."""
    from airflow._serialize.values import name_of

    classpath, kwargs = error.trigger.serialize()
    if classpath.startswith("unusual_prefix_"):
        raise AirflowException(
            f"the trigger {name_of(type(error.trigger))} is defined in the DAG file, where triggerers can't import it; "
            "move it to a module beside the file"
        )
    try:
        deferral: dict[str, Any] = {
            "classpath": classpath,
            "kwargs": encode(dict(kwargs)),
            "next_method": error.method_name,
            "next_kwargs": encode(dict(error.kwargs or {})),
        }
    except NotSerializable as problem:
        raise AirflowException(f"what {name_of(type(error.trigger))} waits for can't be kept: {problem}") from None
    timeout = _shorter(_as_delta(error.timeout), remaining(ti))
    if timeout is not None:
        deferral["timeout"] = timeout.total_seconds()
    queue = _queue(error.trigger, ti)
    if queue is not None:
        deferral["queue"] = queue
    if ti.task.outlets:
        from airflow._runtime.asset_events import updates

        deferral["asset_updates"] = updates(ti.task.outlets, ti.get_template_context()["outlet_events"])
    ends = _ends(ti)
    if ends is not None:
        deferral["ends"] = ends
    ti.log.info("Pausing task as DEFERRED; it waits for %s and goes on in %s", classpath, error.method_name)
    return Outcome("deferred", deferral=deferral, error=error)


def awaiting_input(error: Any, ti: Any) -> Outcome:
    """The end of this part of a try that asked a person."""
    deferral: dict[str, Any] = {"next_method": error.method_name, "next_kwargs": encode(dict(error.kwargs or {}))}
    timeout = _as_delta(error.timeout)
    if timeout is not None:
        deferral["timeout"] = timeout.total_seconds()
    ti.log.info("Pausing task as AWAITING_INPUT")
    return Outcome("awaiting_input", deferral=deferral, error=error)


def start_from_trigger(task: Any) -> Any:
    """The deferral of a task that starts as a trigger, or None for all others."""
    from airflow.sdk.exceptions import TaskDeferred
    from airflow.utils.module_loading import import_string

    args = getattr(task, "start_trigger_args", None)
    if not getattr(task, "start_from_trigger", False) or args is None:
        return None
    kwargs = {
        # Templated attributes of the task are rendered by now; what the trigger gets under their names is theirs.
        name: getattr(task, name) if name in task.template_fields and hasattr(task, name) else value
        for name, value in (args.trigger_kwargs or {}).items()
    }
    trigger = import_string(args.trigger_cls)(**kwargs)
    return TaskDeferred(trigger=trigger, method_name=args.next_method, kwargs=args.next_kwargs, timeout=args.timeout)


def resume(task: Any, how: dict[str, Any], context: Any) -> Any:
    """Go on with a task that has waited."""
    kwargs = decode(how.get("next_kwargs") or {})
    if how["next_method"] == "__fail__" and kwargs.get("traceback"):
        task.log.error("Trigger failed:\n%s", "\n".join(kwargs["traceback"]))
    return task.resume_execution(how["next_method"], kwargs, context)


def time_limit(task: Any) -> timedelta | None:
    """``execution_timeout`` of a task, or the configured one."""
    limit = task.execution_timeout
    return limit if isinstance(limit, timedelta) else None


def remaining(ti: Any) -> timedelta | None:
    """What is left of ``execution_timeout``, which counts the whole try: its parts and the waiting between them."""
    limit = time_limit(ti.task)
    if limit is None:
        return None
    result: timedelta | None = limit - (datetime.now(tz=timezone.utc) - ti.try_started)
    return result


def _as_delta(value: Any) -> timedelta | None:
    return timedelta(seconds=value) if isinstance(value, (int, float)) else value


def _shorter(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    if one is None or other is None:
        return one if other is None else max(other, timedelta(0))
    return max(min(one, other), timedelta(0))


def _queue(trigger: Any, ti: Any) -> str | None:
    """The queue of the task, if triggers keep it (3.2)."""
    from airflow.configuration import conf

    if not getattr(trigger, "supports_triggerer_queue", True):
        return None
    return ti.task.queue if conf.getboolean("triggerer", "queues_enabled", fallback=False) else None


def _ends(ti: Any) -> dict[str, Any] | None:
    """How the task ends once the waiting is over, if nothing of its own is left to do then."""
    task = ti.task
    ends = getattr(task, "_ends_natively", None)
    if ends is None or task._post_execute_hook:
        return None
    named = ("on_success_callback", "on_failure_callback", "on_retry_callback", "on_skipped_callback")
    mails = task.email and (task.email_on_failure or task.email_on_retry)
    if mails or any(getattr(task, name, None) for name in named):
        return None
    own = task.__dict__
    if any(name in own for name in ("execute_complete", "resume_execution", "post_execute")):
        return None
    result: dict[str, Any] | None = ends()
    return result
