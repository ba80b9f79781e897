"""Mails about tasks: their subject and text are Jinja templates."""

from __future__ import annotations

import html
from typing import Any

_SUBJECT = "Airflow alert: {{ ti }}"
_CONTENT = """\
<p>Try {{ try_number }} of {{ max_tries + 1 }} {{ what }}.</p>
<p>Exception:<br>{{ exception_html }}</p>
<p>Log: <a href="{{ ti.log_url }}">Link</a><br>
Host: {{ ti.hostname }}<br>
Mark success: <a href="{{ ti.mark_success_url }}">Link</a></p>
"""


def mail_about(ti: Any, context: Any, exception: Any) -> None:
    """Tell the task's addresses how a try failed."""
    from airflow.configuration import conf
    from airflow.utils.email import send_email

    text = str(exception) if exception is not None else "unknown"
    values: dict[str, Any] = {
        key: context.peek(key) if hasattr(context, "peek") else context[key] for key in _known(context)
    }
    values.update(
        ti=ti,
        task=ti.task,
        try_number=ti.try_number,
        max_tries=ti.max_tries,
        exception=exception,
        exception_html=html.escape(text).replace("\n", "<br>"),
        test_mode=False,
        what="failed" if ti.state == "failed" else "failed and is to be repeated",
    )
    subject = _render(conf.get("email", "subject_template", fallback=None), _SUBJECT, values, ti.task)
    content = _render(conf.get("email", "html_content_template", fallback=None), _CONTENT, values, ti.task)
    send_email(ti.task.email, " ".join(subject.split()), content)


def _known(context: Any) -> list[str]:
    """Keys of the context that can be computed here; a template that names another one says so."""
    known = []
    for key in context:
        try:
            context.peek(key) if hasattr(context, "peek") else context[key]
        except Exception:
            continue
        known.append(key)
    return known


def _render(path: str | None, default: str, values: dict[str, Any], task: Any) -> str:
    template = default
    if path:
        with open(path, encoding="utf-8") as file:
            template = file.read()
    from airflow._runtime.jinja import environment

    dag = getattr(task, "dag", None)
    macros = getattr(dag, "user_defined_macros", None)
    filters = getattr(dag, "user_defined_filters", None)
    return environment([], None, None, macros, filters, native=False).from_string(template).render(values)
