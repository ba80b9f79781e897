"""What is to be told at the end of a try: callbacks, and mails to the task's addresses."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from airflow.sdk.definitions import context as current

log = logging.getLogger("airflow.task")

_EVENTS = {"success": "on_success", "skipped": "on_skipped", "failed": "on_failure"}


def event_of(ti: Any, state: str) -> str | None:
    """What the end of a try is called: ``on_failure`` and so on; None for one that is not an end."""
    if state == "up_for_retry":
        return "on_retry" if ti.is_eligible_to_retry() else "on_failure"
    return _EVENTS.get(state)


def callbacks_of(owner: Any, event: str) -> list[Any]:
    """The callbacks that a task or a DAG has for an event."""
    found = getattr(owner, f"{event}_callback", None)
    if not found:
        return []
    return list(found) if isinstance(found, (list, tuple, set, frozenset)) else [found]


def wants_mail(task: Any, event: str) -> bool:
    """Whether mails go out about an event of a task."""
    if not task.email:
        return False
    return bool({"on_failure": task.email_on_failure, "on_retry": task.email_on_retry}.get(event))


def anything_to_tell(ti: Any, state: str) -> bool:
    """Whether the end of a try calls anybody."""
    event = event_of(ti, state)
    return event is not None and (bool(callbacks_of(ti.task, event)) or wants_mail(ti.task, event))


def tell(ti: Any, state: str, reason: str | None, error: BaseException | None) -> list[str]:
    """Call the callbacks and send the mails of the end of a try; what went wrong with them."""
    event = event_of(ti, state)
    if event is None:
        return []
    ti.state = "failed" if event == "on_failure" else state
    if ti.end_date is None:
        from airflow.sdk import timezone

        ti.end_date = timezone.utcnow()
    context = ti.get_template_context()
    if error is not None:
        context["exception"] = error
    if reason is not None:
        context["reason"] = reason
    context["try_number"] = ti.try_number
    problems = call_each(callbacks_of(ti.task, event), context, f"{event}_callback")
    if wants_mail(ti.task, event):
        try:
            from airflow._runtime.mail import mail_about

            mail_about(ti, context, error if error is not None else reason)
        except (Exception, SystemExit) as problem:
            log.exception("The mail about the task could not be sent")
            problems.append(f"mail: {_one_line(problem)}")
    return problems


def call_each(callbacks: Iterable[Any], context: Any, name: str) -> list[str]:
    """Call each with the context. One that raises, or calls ``sys.exit``, ends itself and no other."""
    problems: list[str] = []
    current._current.append(context)
    try:
        for callback in callbacks:
            try:
                callback(context)
            except (Exception, SystemExit) as error:
                log.exception("%s failed", name)
                problems.append(f"{name}: {_one_line(error)}")
    finally:
        current._current.pop()
    return problems


def _one_line(error: BaseException) -> str:
    from airflow._runtime.load import one_line

    return one_line(error)
