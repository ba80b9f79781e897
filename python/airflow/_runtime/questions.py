"""Job ``ask``: what only this Python environment knows, for the REST API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.load import one_line
from airflow._runtime.wire import Channel

#: Parts of plugins that are described by dicts, and the fields of those that are shown.
_DESCRIBED = {
    "appbuilder_menu_items": ("name", "href", "category"),
    "appbuilder_views": ("name", "category", "view", "label"),
    "external_views": (
        *("name", "icon", "icon_dark_mode", "url_route", "category", "nav_top_level", "href", "destination"),
    ),
    "fastapi_apps": ("app", "url_prefix", "name"),
    "fastapi_root_middlewares": ("middleware", "name"),
    "react_apps": (
        *("name", "icon", "icon_dark_mode", "url_route", "category", "nav_top_level", "bundle_url", "destination"),
    ),
}
_NAMED = (
    *("macros", "flask_blueprints", "global_operator_extra_links"),
    *("operator_extra_links", "listeners", "timetables"),
)


def tell(channel: Channel, job: dict[str, Any]) -> int:
    """Answer the job's question."""
    supervisor.set_channel(channel)
    answer: dict[str, Any] = {"type": "told"}
    try:
        answer["answer"] = _QUESTIONS[job["question"]](job.get("about") or {})
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        answer["error"] = one_line(error)
    channel.send(answer)
    return 0


def _plugins(about: Mapping[str, Any]) -> dict[str, Any]:
    from airflow._runtime.plugins import load

    found = load()
    return {
        "plugins": [_plugin(name, plugin, found.sources[name]) for name, plugin in sorted(found.by_name.items())],
        "import_errors": [{"source": source, "error": why} for source, why in sorted(found.import_errors.items())],
    }


def _plugin(name: str, plugin: Any, source: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": name, "source": source}
    for part in _NAMED:
        shown[part] = [_dotted(one) for one in getattr(plugin, part, None) or ()]
    for part, fields in _DESCRIBED.items():
        items = getattr(plugin, part, None) or ()
        shown[part] = [_described(item, fields) for item in items if isinstance(item, Mapping)]
    return shown


def _described(item: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {field: _plain(item[field]) for field in fields if field in item}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, str)) else _dotted(value)


def _dotted(thing: Any) -> str:
    """Where something is defined; of an instance, its class. Modules are their names."""
    if isinstance(thing, str):
        return thing
    named = thing if hasattr(thing, "__qualname__") or hasattr(thing, "__file__") else type(thing)
    if not hasattr(named, "__qualname__"):
        return str(named.__name__)
    return f"{named.__module__}.{named.__qualname__}"


def _providers(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    from airflow.providers_manager import ProvidersManager

    shown = []
    for name, provider in ProvidersManager().providers.items():
        home = "https://airflow.apache.org/docs/" if name.startswith("apache-airflow-providers-") else None
        shown.append(
            {
                "package_name": name,
                "version": provider.version,
                "description": _sentence(str(provider.data.get("description") or "")),
                "documentation_url": f"{home}{name}/{provider.version}/" if home else None,
            }
        )
    return shown


def _sentence(description: str) -> str:
    """Without the marks of reStructuredText."""
    import re

    return re.sub(r"`([^`<]*?)\s*(?:<[^>]*>)?`_*", r"\1", description).strip()


def _connection_test(about: Mapping[str, Any]) -> dict[str, Any]:
    from airflow.sdk.definitions.connection import Connection
    from airflow.secrets.environment_variables import CONN_ENV_PREFIX

    connection = Connection(**about)
    # Hooks look connections up by their ids. This process ends with the answer.
    os.environ[CONN_ENV_PREFIX + str(connection.conn_id).upper()] = connection.as_json()
    passed, message = connection.test_connection()
    return {"status": bool(passed), "message": supervisor.masked(str(message))}


def _notice(about: Mapping[str, Any]) -> dict[str, Any]:
    """What happened to assets outside of tasks, for listeners; whether there are such listeners."""
    from airflow._runtime import plugins
    from airflow.listeners.listener import OF_ASSETS, OF_NEW_ASSETS

    plugins.load()
    listeners = plugins.listeners()
    if listeners is None or not listeners.has(*OF_ASSETS, *OF_NEW_ASSETS):
        return {"listening": False}
    listeners.take_notices(about["notices"])
    return {"listening": True}


_QUESTIONS: dict[str, Any] = {
    "plugins": _plugins,
    "providers": _providers,
    "connection_test": _connection_test,
    "notice": _notice,
}
