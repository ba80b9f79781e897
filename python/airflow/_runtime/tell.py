"""Answers one question of the command line about the Python environment: what is installed, does a connection work.

``python -m airflow._runtime.tell QUESTION`` reads a JSON object from standard input and writes one line of JSON to
standard output: ``{"columns": […], "rows": [[…], …]}``, or ``{"error": "…"}``.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

_Table = tuple[list[str], list[list[Any]]]
_PARTS = (
    "macros",
    "flask_blueprints",
    "fastapi_apps",
    "fastapi_root_middlewares",
    "external_views",
    "react_apps",
    "appbuilder_views",
    "appbuilder_menu_items",
    "global_operator_extra_links",
    "operator_extra_links",
    "timetables",
    "listeners",
    "priority_weight_strategies",
)


def _manager() -> Any:
    from airflow.providers_manager import ProvidersManager

    return ProvidersManager()


def _description(info: dict[str, Any]) -> str:
    """Without the marks of reStructuredText."""
    return re.sub("[`_<>]", "", str(info.get("description") or "").strip(" \n."))


def _list(given: dict[str, Any]) -> _Table:
    rows = [[name, _description(one.data), one.version] for name, one in _manager().providers.items()]
    return ["package_name", "description", "version"], rows


def _get(given: dict[str, Any]) -> _Table:
    name = given["provider_name"]
    one = _manager().providers.get(name)
    if one is None:
        raise LookupError(f"No such provider installed: {name}")
    if not given.get("full"):
        return ["Provider", "Version"], [[name, one.version]]
    info = {**one.data, "description": _description(one.data)}
    return list(info), [list(info.values())]


def _hooks(given: dict[str, Any]) -> _Table:
    failed = "Error when importing hook!"
    rows = []
    for kind, hook in _manager().hooks.items():
        if hook is None:
            rows.append([kind, *[failed] * 4])
            continue
        argument = hook.connection_id_attribute_name
        rows.append([kind, hook.hook_class_name, argument, hook.package_name, hook.hook_name])
    return ["connection_type", "class", "conn_id_attribute_name", "package_name", "hook_name"], rows


def _widgets(given: dict[str, Any]) -> _Table:
    """Fields of connection forms that providers add: those of their descriptions, and those that hooks make."""
    found: dict[str, list[Any]] = {}
    for package, item in _manager()._items("connection-types"):
        for field, spec in (item.get("conn-fields") or {}).items():
            name = f"extra__{item['connection-type']}__{field}"
            kind = (spec.get("schema") or {}).get("type", "unknown")
            found[name] = [name, item["hook-class-name"], package, kind if isinstance(kind, str) else kind[0]]
    return ["connection_parameter_name", "class", "package_name", "field_type"], [found[name] for name in sorted(found)]


def _triggers(given: dict[str, Any]) -> _Table:
    rows = [[one.package_name, one.trigger_class_name, one.integration_name] for one in _manager().trigger]
    return ["package_name", "class", "integration_name"], rows


def _one(column: str, read: Callable[[Any], Any]) -> Callable[[dict[str, Any]], _Table]:
    return lambda given: ([column], [[item] for item in read(_manager())])


def _plugins(given: dict[str, Any]) -> _Table:
    from airflow._runtime.plugins import load

    found = load()
    for source, why in found.import_errors.items():
        print(f"{source} can't be imported: {why}", file=sys.stderr)
    rows: list[list[Any]] = []
    for name, plugin in found.by_name.items():
        parts = [[_name(part) for part in getattr(plugin, kind, None) or ()] for kind in _PARTS]
        rows.append([name, found.sources[name], *parts])
    return ["name", "source", *_PARTS], rows


def _name(part: Any) -> Any:
    """How a part of a plugin is called."""
    if isinstance(part, dict):
        return {key: value for key, value in part.items() if isinstance(value, (str, int, bool))}
    kind = part if isinstance(part, type) or callable(part) else type(part)
    name = getattr(kind, "__qualname__", getattr(part, "__name__", kind))
    return f"{getattr(kind, '__module__', '')}.{name}".strip(".")


def _connection(given: dict[str, Any]) -> _Table:
    """Whether a connection works, as its hook finds out."""
    from airflow.sdk import Connection

    conn_id = given["conn_id"]
    # Hooks look the connection up by its id.
    os.environ["AIRFLOW_CONN_" + conn_id.upper()] = json.dumps(given["connection"])
    from airflow._provider_hooks import hook_class

    connection = Connection.from_json(json.dumps(given["connection"]), conn_id)
    kind, argument = hook_class(connection.conn_type)
    if not hasattr(kind, "test_connection"):
        raise LookupError(f"the hook {kind.__name__} has no test_connection")
    status, message = kind(**{argument: conn_id}).test_connection()
    return ["status", "message"], [[bool(status), str(message)]]


_QUESTIONS: dict[str, Callable[[dict[str, Any]], _Table]] = {
    "list": _list,
    "get": _get,
    "hooks": _hooks,
    "widgets": _widgets,
    "triggers": _triggers,
    "links": _one("extra_link_class_name", lambda manager: manager.extra_links_class_names),
    "behaviours": _one("field_behaviours", lambda manager: list(manager.field_behaviours)),
    "logging": _one("logging_class_name", lambda manager: manager.logging_class_names),
    "secrets": _one("secrets_backend_class_name", lambda manager: manager.secrets_backend_class_names),
    "auth": _one("api_auth_backend_module", lambda manager: manager._classes("auth-backends")),
    "auth-managers": _one("auth_managers_module", lambda manager: manager.auth_managers),
    "executors": _one("executor_class_names", lambda manager: manager.executor_class_names),
    "queues": _one("queue_class_names", lambda manager: manager.queue_class_names),
    "notifications": _one(
        "notification_class_name", lambda manager: [one.notification_class_name for one in manager.notification]
    ),
    "configs": _one(
        "provider_config", lambda manager: [[package, config] for package, config in manager.provider_configs]
    ),
    "plugins": _plugins,
    "connection": _connection,
}


def main() -> None:
    """Read the question, write the answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What is imported may print whatever it likes.
    os.dup2(2, 1)
    given = json.loads(sys.stdin.read() or "{}")
    try:
        columns, rows = _QUESTIONS[sys.argv[1]](given)
        answer: dict[str, Any] = {"columns": columns, "rows": rows}
    except Exception as error:
        answer = {"error": str(error) or type(error).__name__}
    answers.write(json.dumps(answer, default=str) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
