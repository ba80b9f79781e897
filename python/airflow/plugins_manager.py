"""The base class of plugins."""

from __future__ import annotations

from typing import Any


class AirflowPlugin:
    """What a file in the plugins folder offers. Classes of plugin files are imported by their module's name."""

    name: str | None = None
    source: Any = None
    macros: list[Any] = []
    admin_views: list[Any] = []
    flask_blueprints: list[Any] = []
    fastapi_apps: list[Any] = []
    fastapi_root_middlewares: list[Any] = []
    external_views: list[Any] = []
    react_apps: list[Any] = []
    menu_links: list[Any] = []
    appbuilder_views: list[Any] = []
    appbuilder_menu_items: list[Any] = []
    global_operator_extra_links: list[Any] = []
    operator_extra_links: list[Any] = []
    timetables: list[Any] = []
    listeners: list[Any] = []
    hook_lineage_readers: list[Any] = []
    hooks: list[Any] = []
    executors: list[Any] = []
    operators: list[Any] = []
    sensors: list[Any] = []
    priority_weight_strategies: list[Any] = []

    @classmethod
    def validate(cls) -> None:
        """Raise if the plugin has no name."""
        if not cls.name:
            from airflow.sdk.exceptions import AirflowException

            raise AirflowException("Your plugin needs a name.")

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Hook: the plugin was loaded."""


def __getattr__(name: str) -> Any:
    if name in ("ProvidersManager", "ProvidersManagerTaskRuntime"):
        from airflow.providers_manager import ProvidersManager

        return ProvidersManager
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
