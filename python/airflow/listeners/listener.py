"""Keeps listeners and calls them. A listener that raises is logged and disturbs nothing else."""

from __future__ import annotations

import inspect
import logging
from typing import Any

log = logging.getLogger("airflow.listeners")

#: Hooks that are called, with the arguments that they may take.
HOOKS: dict[str, tuple[str, ...]] = {
    "on_starting": ("component",),
    "before_stopping": ("component",),
    "on_task_instance_running": ("previous_state", "task_instance", "session"),
    "on_task_instance_success": ("previous_state", "task_instance", "session"),
    "on_task_instance_failed": ("previous_state", "task_instance", "error", "session"),
    "on_task_instance_skipped": ("previous_state", "task_instance", "session"),
    "on_dag_run_running": ("dag_run", "msg"),
    "on_dag_run_success": ("dag_run", "msg"),
    "on_dag_run_failed": ("dag_run", "msg"),
    "on_asset_created": ("asset",),
    "on_asset_alias_created": ("asset_alias",),
    "on_asset_changed": ("asset",),
    "on_asset_event_emitted": ("asset_event",),
    "on_dataset_created": ("dataset",),
    "on_dataset_alias_created": ("dataset_alias",),
    "on_dataset_changed": ("dataset",),
    "on_new_dag_import_error": ("filename", "stacktrace"),
    "on_existing_dag_import_error": ("filename", "stacktrace"),
}
#: Those that are told of asset events.
OF_ASSETS = ("on_asset_changed", "on_asset_event_emitted", "on_dataset_changed")
#: Those that are told of assets that nobody had mentioned before.
OF_NEW_ASSETS = ("on_asset_created", "on_asset_alias_created", "on_dataset_created", "on_dataset_alias_created")


class ListenerManager:
    """The listeners of this process."""

    def __init__(self) -> None:
        self._listeners: list[Any] = []
        self.hook = _Caller(self)

    @property
    def has_listeners(self) -> bool:
        """Whether there are any."""
        return bool(self._listeners)

    @property
    def pm(self) -> ListenerManager:
        """Itself; where Airflow keeps pluggy's manager."""
        return self

    def add_listener(self, listener: Any) -> None:
        """Register a module or an object with hook implementations."""
        if listener in self._listeners:
            return
        if not inspect.ismodule(listener) and isinstance(listener, type):
            listener = listener()
        unknown = sorted(name for name in implementations(listener) if name not in HOOKS)
        if unknown:
            log.warning("%r has %s, which is no hook of Airflow 2.3 or later", listener, ", ".join(unknown))
        self._listeners.append(listener)

    register = add_listener

    def get_plugins(self) -> set[Any]:
        """The listeners."""
        return set(self._listeners)

    def clear(self) -> None:
        """Forget all of them."""
        self._listeners.clear()

    def has(self, *names: str) -> bool:
        """Whether somebody listens to one of these hooks."""
        return any(name in implementations(listener) for listener in self._listeners for name in names)

    def call(self, hook: str, **arguments: Any) -> None:
        """Call what the listeners have for a hook, with those of the arguments that each takes."""
        for listener in self._listeners:
            function = implementations(listener).get(hook)
            if function is None:
                continue
            try:
                function(**_wanted(function, arguments))
            except (Exception, SystemExit):
                log.exception("Listener %r failed in %s", listener, hook)

    def tell_of_task(self, event: str, ti: Any, error: Any = None) -> None:
        """Tell of a try: ``running``, ``success``, ``failed`` or ``skipped``."""
        from airflow.utils.session import NEW_SESSION
        from airflow.utils.state import TaskInstanceState

        arguments: dict[str, Any] = {
            "previous_state": TaskInstanceState.QUEUED if event == "running" else TaskInstanceState.RUNNING,
            "task_instance": ti,
            "session": NEW_SESSION,
        }
        if event == "failed":
            arguments["error"] = error
        self.call(f"on_task_instance_{event}", **arguments)

    def cares_about(self, state: str, asset_updates: list[dict[str, Any]]) -> bool:
        """Whether somebody listens to a try's ending in a state, with what it did to assets."""
        if asset_updates and self.has(*OF_ASSETS):
            return True
        return state in _ENDS and self.has(f"on_task_instance_{_ENDS[state]}", "before_stopping")

    def tell_of_assets(self, ti: Any, updates: list[dict[str, Any]]) -> None:
        """Tell of the asset events of a try that succeeded."""
        if not updates or not self.has(*OF_ASSETS):
            return
        from airflow.listeners.types import emitted

        for event in emitted(updates, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index):
            self._tell_of_event(event)

    def _tell_of_event(self, event: Any) -> None:
        self.call("on_asset_changed", asset=event.asset)
        self.call("on_dataset_changed", dataset=event.asset)
        self.call("on_asset_event_emitted", asset_event=event)

    def take_notices(self, notices: list[dict[str, Any]]) -> None:
        """Tell of what happened to assets outside of tasks: they became known, or REST or a watcher updated them."""
        from airflow.listeners.types import emitted
        from airflow.sdk.definitions.asset import Asset, AssetAlias

        for notice in notices:
            if notice["hook"] == "on_asset_created":
                asset = Asset(**notice["asset"])
                self.call("on_asset_created", asset=asset)
                self.call("on_dataset_created", dataset=asset)
            elif notice["hook"] == "on_asset_alias_created":
                alias = AssetAlias(**notice["alias"])
                self.call("on_asset_alias_created", asset_alias=alias)
                self.call("on_dataset_alias_created", dataset_alias=alias)
            else:
                for event in emitted([notice["update"]], **(notice.get("source") or {})):
                    self._tell_of_event(event)

    def tell_of_end(self, ti: Any, state: str, error: Any) -> None:
        """Tell of the end of a try, if its state is one."""
        event = _ENDS.get(state)
        if event is not None:
            ti.state = state
            self.tell_of_task(event, ti, error)


_ENDS = {"failed": "failed", "skipped": "skipped", "success": "success", "up_for_retry": "failed"}


class _Caller:
    """``manager.hook.on_starting(component=...)``."""

    def __init__(self, manager: ListenerManager) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Any:
        if name not in HOOKS:
            raise AttributeError(f"there is no listener hook {name!r}")
        return lambda **arguments: self._manager.call(name, **arguments)


def implementations(listener: Any) -> dict[str, Any]:
    """The marked functions of a listener by the hook's name."""
    found = {}
    for name in dir(listener):
        if name.startswith("_"):
            continue
        function = getattr(listener, name, None)
        options = getattr(function, "airflow_impl", None)
        if isinstance(options, dict):
            found[options.get("specname") or name] = function
    return found


def _wanted(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    taken = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken):
        return arguments
    names = {parameter.name for parameter in taken}
    return {name: value for name, value in arguments.items() if name in names}


_manager = ListenerManager()


def get_listener_manager() -> ListenerManager:
    """The listeners of this process."""
    return _manager
