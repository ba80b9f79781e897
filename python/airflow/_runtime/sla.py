"""Missed service levels of tasks: ``sla_miss_callback`` and mails, as Airflow 1 and 2 had them."""

from __future__ import annotations

import html
import logging
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.load import one_line

log = logging.getLogger("airflow.callback")


def missed(job: dict[str, Any], dag: Any) -> list[str]:
    """Tell of misses; what went wrong with that."""
    from airflow.models.slamiss import SlaMiss
    from airflow.sdk.execution_time.task_instance import read_instant

    request = job["request"]
    at = read_instant(request.get("at"))
    slas = [
        SlaMiss(miss["task_id"], job["dag_id"], read_instant(miss.get("logical_date")), at, miss["run_id"])
        for miss in request["misses"]
    ]
    blocking = _blocking(job["dag_id"], sorted({miss["run_id"] for miss in request["misses"]}))
    task_list = "\n".join(f"{sla.task_id} on {_text(sla.execution_date)}" for sla in slas)
    blocking_list = "\n".join(f"{ti.task_id} on {_text(ti.execution_date)}" for ti in blocking)
    problems: list[str] = []
    callbacks = dag.sla_miss_callback or []
    for callback in callbacks if isinstance(callbacks, (list, tuple, set)) else [callbacks]:
        try:
            callback(dag, task_list, blocking_list, slas, blocking)
        except (Exception, SystemExit) as error:
            log.exception("sla_miss_callback failed")
            problems.append(f"sla_miss_callback: {one_line(error)}")
    problems += _mail(dag, slas, task_list, blocking_list)
    return problems


def _blocking(dag_id: str, run_ids: list[str]) -> list[Any]:
    """Task instances of these runs that have not succeeded."""
    from airflow.sdk.execution_time.task_instance import DagRun

    found: list[Any] = []
    for run_id in run_ids:
        data = supervisor.call_or_none("run_get", dag_id=dag_id, run_id=run_id)
        if data is not None:
            instances = DagRun(dag_id, data).get_task_instances()
            found += [ti for ti in instances if ti.state not in ("success", "skipped")]
    return found


def _mail(dag: Any, slas: list[Any], task_list: str, blocking_list: str) -> list[str]:
    from airflow.utils.email import get_email_address_list, send_email

    addresses: set[str] = set()
    for sla in slas:
        task = dag.task_dict.get(sla.task_id)
        if task is not None and task.email:
            addresses.update(get_email_address_list(task.email))
    if not addresses:
        return []
    content = (
        f"<p>Tasks of DAG {html.escape(dag.dag_id)} that were not done in time:</p>"
        f"<pre><code>{html.escape(task_list)}</code></pre>"
        f"<p>Not done at present:</p><pre><code>{html.escape(blocking_list)}</code></pre>"
    )
    try:
        send_email(sorted(addresses), f"[airflow] SLA miss on DAG={dag.dag_id}", content)
    except (Exception, SystemExit) as error:
        log.exception("The mail about missed service levels could not be sent")
        return [f"mail: {one_line(error)}"]
    for sla in slas:
        sla.email_sent = True
    return []


def _text(date: Any) -> str:
    return date.isoformat() if date is not None else "(no date)"
