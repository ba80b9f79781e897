"""A DAG as `protocol::SerializedDag`. Fields that have their default value are left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow._runtime import plugins
from airflow._serialize import access
from airflow._serialize.executor_config import executor_config
from airflow._serialize.lane import callbacks, lane, user_of
from airflow._serialize.timetable import timetable_spec
from airflow._serialize.values import instant, name_of, plain, seconds
from airflow.sdk.definitions._internal.configured import given
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.exceptions import SerializationError

FORMAT = 1
_DAG_CALLBACKS = ("on_failure", "on_success", "sla_miss")


def serialize_dag(dag: Any) -> dict[str, Any]:
    """Check the DAG and write it as plain data; raises what is wrong with it."""
    dag.validate()
    tasks = [serialize_task(task) for task in sorted(dag.tasks, key=lambda task: task.task_id)]
    document: dict[str, Any] = {
        "format": FORMAT,
        "dag_id": dag.dag_id,
        "fileloc": dag.fileloc,
        "timetable": timetable_spec(dag.timetable),
        "tasks": tasks,
    }
    _put(
        document,
        display_name=dag.dag_display_name if dag.dag_display_name != dag.dag_id else None,
        description=dag.description or None,
        doc_md=dag.doc_md or None,
        start_date=instant(dag.start_date),
        end_date=instant(dag.end_date),
        timezone=dag.timezone_name if dag.timezone_name != "UTC" else None,
        catchup=dag.catchup or None,
        max_active_runs=dag.max_active_runs,
        max_active_tasks=dag.max_active_tasks,
        max_consecutive_failed_dag_runs=dag.max_consecutive_failed_dag_runs or _configured_failures(dag) or None,
        dagrun_timeout=seconds(dag.dagrun_timeout),
        fail_fast=dag.fail_fast or None,
        rerun_with_latest_version=dag.rerun_with_latest_version,
        disable_bundle_versioning=dag.disable_bundle_versioning,
        allowed_run_types=_run_types(dag),
        is_paused_upon_creation=dag.is_paused_upon_creation,
        render_template_as_native_obj=dag.render_template_as_native_obj or None,
        tags=sorted(dag.tags) or None,
        owner_links=plain(dag.owner_links) or None,
        params=_params(dag.params) or None,
        params_order=list(dag.params) or None,
        default_args=plain(dag.default_args) or None,
        access_control=access.checked(dag),
        template_searchpath=[plain(path) for path in dag.template_searchpath] or None,
        callbacks=_callbacks(dag) or None,
        deadlines=[alert.as_spec() for alert in dag.deadlines] or None,
        task_groups=_groups(dag) or None,
        edge_labels=_labels(dag) or None,
    )
    return document


def _callbacks(dag: Any) -> list[str]:
    """What of a run somebody wants to hear of: callbacks of the DAG, listeners of plugins."""
    wanted = [name for name in _DAG_CALLBACKS if getattr(dag, f"{name}_callback")]
    listeners = plugins.listeners()
    if listeners is not None:
        hooks = {"on_failure": "failed", "on_running": "running", "on_success": "success"}
        wanted += [name for name, event in hooks.items() if listeners.has(f"on_dag_run_{event}") and name not in wanted]
    return sorted(wanted)


def _put(document: dict[str, Any], **fields: Any) -> None:
    for name, value in fields.items():
        if value is not None:
            document[name] = value


def _configured_failures(dag: Any) -> int:
    if dag.max_consecutive_failed_dag_runs is not None:
        return 0
    from airflow.configuration import conf

    return conf.getint("core", "max_consecutive_failed_dag_runs_per_dag", fallback=0)


def _params(params: Any) -> dict[str, Any]:
    return {name: plain(param.dump()) for name, param in params.items_raw()}


def _groups(dag: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group_id, group in dag.task_group_dict.items():
        entry: dict[str, Any] = {}
        parent = group.parent_group.group_id if group.parent_group is not None else None
        _put(
            entry,
            parent=parent,
            label=group.group_display_name or None,
            tooltip=group.tooltip or None,
            mapped=group.as_spec() if group.is_mapped else None,
        )
        found[group_id] = entry
    return found


def _labels(dag: Any) -> list[dict[str, str]]:
    return [
        {"from": up, "to": down, "label": str(info["label"])}
        for up, downs in sorted(dag.edge_info.items())
        for down, info in sorted(downs.items())
        if info.get("label")
    ]


def _priorities(task: Any) -> list[int]:
    """What the author's strategy says of each try of a task."""
    from airflow.task.priority_strategy import priorities

    try:
        return priorities(task.weight_rule, task, int(task.retries or 0))
    except Exception as error:
        raise SerializationError(
            f"weight_rule of task {task.task_id!r}: {name_of(type(task.weight_rule))}.get_weight failed with "
            f"{type(error).__name__}: {error}"
        ) from error


def _run_types(dag: Any) -> list[str] | None:
    """``allowed_run_types`` as texts; None means all."""
    allowed = dag.allowed_run_types
    if allowed is None:
        return None
    return sorted({str(getattr(one, "value", one)) for one in ([allowed] if isinstance(allowed, str) else allowed)})


def serialize_task(task: Any) -> dict[str, Any]:
    """One task."""
    dag = task.dag
    kind = task.operator_class
    document: dict[str, Any] = {"task_id": task.task_id, "operator": task.operator_name}
    weight_rule, strategy, asked = task.weight_rule, None, None
    if not isinstance(weight_rule, str):
        weight_rule, strategy, asked = "downstream", name_of(type(weight_rule)), _priorities(task)
    group = task.task_group.group_id if task.task_group is not None else None
    retries, retry_delay = given(task, "retries"), given(task, "retry_delay")
    display = task._task_display_name
    links = task.links_by_name()
    _put(
        document,
        module=kind.__module__
        if not kind.__module__.startswith("unusual_prefix_")
        else name_of(kind).rsplit(".", 1)[0],
        display_name=display if display and display != task.task_id else None,
        owner=str(task.owner) if task.owner != "airflow" else None,
        email=_emails(task.email) or None,
        email_on_failure=None if task.email_on_failure or not task.email else False,
        email_on_retry=None if task.email_on_retry or not task.email else False,
        sla=_sla(task),
        retry_policy=_retry_policy(task.retry_policy),
        downstream=sorted(task.downstream_task_ids) or None,
        group=group,
        lane=None if task.is_mapped else lane(task),
        trigger_rule=str(task.trigger_rule) if task.trigger_rule != "all_success" else None,
        retries=retries if retries is not NOTSET else None,
        retry_delay=seconds(retry_delay) if retry_delay is not NOTSET else None,
        retry_exponential_backoff=task.retry_exponential_backoff or None,
        max_retry_delay=seconds(task.max_retry_delay),
        execution_timeout=seconds(task.execution_timeout),
        start_date=_own_date(task.start_date, dag.start_date, dag),
        end_date=_own_date(task.end_date, dag.end_date, dag),
        depends_on_past=task.depends_on_past or None,
        ignore_first_depends_on_past=None if task.ignore_first_depends_on_past else False,
        wait_for_downstream=task.wait_for_downstream or None,
        wait_for_past_depends_before_skipping=task.wait_for_past_depends_before_skipping or None,
        pool=task.pool if task.pool != "default_pool" else None,
        pool_slots=task.pool_slots if task.pool_slots != 1 else None,
        priority_weight=int(task.priority_weight) if task.priority_weight != 1 else None,
        weight_rule=str(weight_rule) if weight_rule != "downstream" else None,
        weight_strategy=strategy,
        priorities=asked,
        queue=task.queue,
        executor=task.executor,
        executor_config=executor_config(task),
        run_as_user=user_of(task),
        max_active_tis_per_dag=task.max_active_tis_per_dag,
        max_active_tis_per_dagrun=task.max_active_tis_per_dagrun,
        do_xcom_push=None if task.do_xcom_push else False,
        template_fields=list(task.template_fields) or None,
        template_fields_renderers=dict(task.template_fields_renderers) or None,
        fields=_fields(task) or None,
        params=_own_params(task) or None,
        ui_color=task.ui_color if task.ui_color != "#fff" else None,
        ui_fgcolor=task.ui_fgcolor if task.ui_fgcolor != "#000" else None,
        doc_md=task.doc_md or task.doc or task.doc_rst or task.doc_yaml or task.doc_json or None,
        is_setup=task.is_setup or None,
        is_teardown=task.is_teardown or None,
        on_failure_fail_dagrun=task.on_failure_fail_dagrun or None,
        mapped=task.as_spec() if task.is_mapped else None,
        callbacks=callbacks(task) or None,
        extra_links=sorted(links) or None,
        link_keys={name: _link_key(link) for name, link in links.items()} or None,
        returns_dag_result=task.returns_dag_result or None,
        recursion_depth=_recursion_depth(task, kind),
        outlets=_assets(task, "outlets") or None,
        inlets=_assets(task, "inlets") or None,
    )
    return document


def _link_key(link: Any) -> str:
    """The XCom that has the address of a link; classes of Airflow 1 and 2 do not say it."""
    return str(getattr(link, "xcom_key", None) or f"_link_{type(link).__name__}")


def _recursion_depth(task: Any, kind: type) -> int | None:
    """Of an ``ExternalTaskMarker``, ours or the provider's: through how many markers clearing goes at most."""
    if all(one.__name__ != "ExternalTaskMarker" for one in kind.__mro__):
        return None
    depth = task.partial_kwargs.get("recursion_depth", 10) if task.is_mapped else task.recursion_depth
    return depth if isinstance(depth, int) else 10


def _assets(task: Any, which: str) -> list[Any]:
    """Outlets or inlets that are assets; other things that authors put there are theirs alone."""
    from airflow.sdk.definitions.asset import BaseAsset

    given = task.partial_kwargs.get(which) if task.is_mapped else getattr(task, which)
    listed = given if isinstance(given, (list, tuple, set)) else [given] if given is not None else []
    found = [leaf for item in listed if isinstance(item, BaseAsset) for leaf in item.leaves()]
    return [leaf.as_spec() for leaf in found]


def _sla(task: Any) -> float | None:
    from airflow.configuration import conf

    if task.sla is None or not conf.getboolean("core", "check_slas", fallback=True):
        return None
    if not isinstance(task.sla, timedelta):
        raise TypeError(f"sla of task {task.task_id!r} must be a timedelta, not {task.sla!r}")
    return seconds(task.sla)


def _retry_policy(policy: Any) -> Any:
    if policy is None:
        return None
    try:
        return plain({"class": name_of(type(policy)), **policy.serialize()})
    except NotImplementedError:
        return {"class": name_of(type(policy))}


def _emails(email: Any) -> list[str]:
    if not email:
        return []
    if isinstance(email, str):
        return [part.strip() for part in email.replace(";", ",").split(",") if part.strip()]
    return [str(item) for item in email]


def _own_date(date: Any, of_dag: Any, dag: Any) -> str | None:
    if date is None:
        return None
    own = dag._aware(date)
    return None if of_dag is not None and own == of_dag else instant(own)


def _own_params(task: Any) -> dict[str, Any]:
    if not task._own_params:
        return {}
    from airflow.sdk.definitions.param import ParamsDict

    return _params(ParamsDict(task._own_params))


def _fields(task: Any) -> dict[str, Any]:
    """Templated attributes as they were written."""
    if task.is_mapped:
        source: dict[str, Any] = dict(task.partial_kwargs)
    else:
        source = task.__dict__
    found: dict[str, Any] = {}
    for name in task.template_fields:
        value = source[name] if name in source else getattr(task, name, None)
        if value is None or (isinstance(value, (str, list, tuple, dict)) and not value):
            continue
        found[name] = plain(value)
    return found
