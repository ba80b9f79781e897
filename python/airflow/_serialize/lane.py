"""How a try of a task runs: in Python, as a shell command, or not at all."""

from __future__ import annotations

from typing import Any

from airflow._runtime import plugins, policies

_CALLBACKS = ("on_execute", "on_failure", "on_retry", "on_skipped", "on_success")


def callbacks(task: Any) -> list[str]:
    """Names of the callbacks that a task has."""
    return [name for name in _CALLBACKS if getattr(task, f"{name}_callback", None)]


def lane(task: Any) -> dict[str, Any] | None:
    """The lane as `protocol::LaneSpec`; None is the python lane."""
    kind = type(task)
    if not kind.__module__.startswith("airflow.providers.standard.operators."):
        return None
    name = kind.__name__
    if name not in ("EmptyOperator", "DummyOperator", "BashOperator") or _needs_python(task):
        return None
    return _bash(task) if name == "BashOperator" else {"kind": "empty"}


def _needs_python(task: Any) -> bool:
    own = task.__dict__
    return bool(
        _speaks_of(task.outlets)
        or (type(task).__name__ == "BashOperator" and _is_watched())
        or (task.outlets and _assets_are_watched())
        or callbacks(task)
        or task.retry_policy is not None
        # Its result has to be checked before tasks are mapped over it.
        or any(True for _ in task.iter_mapped_dependants())
        or task._pre_execute_hook
        or task._post_execute_hook
        or user_of(task)
        # Addresses of links are made where the task ran.
        or (type(task).__name__ == "BashOperator" and task.links_by_name())
        or any(hook in own for hook in ("execute", "pre_execute", "post_execute", "on_kill"))
    )


_OF_TASKS = tuple(f"on_task_instance_{event}" for event in ("running", "success", "failed", "skipped"))


def _is_watched() -> bool:
    """Whether every try that does something must be in Python: listeners or local settings want a word in it.

    Tasks that do nothing have no process, with Airflow's own scheduler neither: listeners are not told of them.
    """
    listeners = plugins.listeners()
    if listeners is not None and listeners.has(*_OF_TASKS, "on_starting", "before_stopping"):
        return True
    return policies.function("get_airflow_context_vars") is not None


def _assets_are_watched() -> bool:
    """Whether listeners want to be told of asset events, which the process of the task does."""
    from airflow.listeners.listener import OF_ASSETS

    listeners = plugins.listeners()
    return listeners is not None and listeners.has(*OF_ASSETS)


def user_of(task: Any) -> str | None:
    """The Unix user that the task runs as: its own, or the one of all tasks."""
    from airflow.configuration import conf

    return task.run_as_user or conf.get("core", "default_impersonation", fallback="") or None


def _speaks_of(outlets: Any) -> bool:
    """Whether outlets are something that only Python can speak of: neither assets nor references to them."""
    from airflow.sdk.definitions.asset import Asset, AssetAlias, AssetRef

    listed = outlets if isinstance(outlets, (list, tuple, set)) else [outlets]
    return not all(isinstance(outlet, (Asset, AssetAlias, AssetRef)) for outlet in listed)


def _bash(task: Any) -> dict[str, Any] | None:
    from airflow.providers.standard.operators.bash import _as_it_is

    command, env, cwd = task.bash_command, task.env, task.cwd
    if type(command) is not str or command.endswith(tuple(task.template_ext)):
        return None
    if task.output_processor is not _as_it_is or task.output_encoding.lower() not in ("utf-8", "utf8"):
        return None
    if env is not None and not (type(env) is dict and all(type(k) is str and type(v) is str for k, v in env.items())):
        return None
    if cwd is not None and type(cwd) is not str:
        return None
    if task.do_xcom_push and _other_xcoms():
        return None
    skip = task.skip_on_exit_code
    if not isinstance(skip, (list, tuple, set, frozenset, range)) or not all(type(code) is int for code in skip):
        return None
    texts = [command, *(env or {}).values(), cwd or ""]
    if any(text.endswith(tuple(task.template_ext)) for text in texts[1:] if text):
        return None
    if not _standard_templates(task, texts):
        return None
    spec: dict[str, Any] = {"kind": "bash", "command": command}
    if env is not None:
        spec["env"] = dict(env)
    if task.append_env:
        spec["append_env"] = True
    if cwd is not None:
        spec["cwd"] = cwd
    if skip:
        spec["skip_on_exit_code"] = sorted(skip)
    return spec


def _other_xcoms() -> bool:
    """Whether XComs go through a class of the author's."""
    from airflow._runtime.xcom_backend import is_custom

    return is_custom()


def _standard_templates(task: Any, texts: list[str]) -> bool:
    """Whether the texts mean the same in any Jinja environment with our defaults."""
    dag = task.dag
    if plugins.loaded().by_name and any("macros." in text for text in texts):
        return False
    if dag.render_template_as_native_obj or task.render_template_as_native_obj or dag.jinja_environment_kwargs:
        return False
    if dag.user_defined_macros or dag.user_defined_filters or dag.template_undefined:
        return not any("{{" in text or "{%" in text or "{#" in text for text in texts)
    return True
