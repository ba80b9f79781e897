"""Finds, imports and registers plugins: files of the plugins folder and entry points of installed packages.

Plugin files are never imported in the host: each child does it afresh, so that a saved file counts from the next
parse and the next try on. A child that has no plugins to load pays for one look into one folder.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

#: Kinds of classes that Airflow 1 and 2 put into packages, and those packages.
INJECTED = {
    "airflow.executors": "executors",
    "airflow.hooks": "hooks",
    "airflow.macros": "macros",
    "airflow.operators": "operators",
    "airflow.sensors": "sensors",
}
#: Parts of plugins for the web server of Airflow, which is not here.
_WEB = (
    "admin_views",
    "appbuilder_menu_items",
    "appbuilder_views",
    "external_views",
    "fastapi_apps",
    "fastapi_root_middlewares",
    "flask_blueprints",
    "menu_links",
    "react_apps",
)


@dataclass
class Plugins:
    """All plugins of this process."""

    #: Classes derived from ``AirflowPlugin`` by name.
    by_name: dict[str, Any] = field(default_factory=dict)
    #: Where each comes from: a path, or ``distribution: entry point``.
    sources: dict[str, str] = field(default_factory=dict)
    #: What could not be imported, and why.
    import_errors: dict[str, str] = field(default_factory=dict)
    #: Files that were imported: a change of one of them changes what DAG files are.
    files: list[str] = field(default_factory=list)

    def member(self, package: str, name: str) -> Any:
        """A class or function that a plugin put into a package itself; None if there is none."""
        kind = INJECTED.get(package)
        if kind is None:
            return None
        for plugin in self.by_name.values():
            for value in _parts(plugin, kind) + (_parts(plugin, "sensors") if kind == "operators" else []):
                if getattr(value, "__name__", None) == name:
                    return value
        return None

    def module(self, fullname: str) -> dict[str, Any] | None:
        """Contents of ``airflow.operators.<plugin>`` and the like; None if no plugin has that name."""
        package, _, name = fullname.rpartition(".")
        plugin = self.by_name.get(name)
        kind = INJECTED.get(package)
        if plugin is None or kind is None:
            return None
        parts = _parts(plugin, kind) + (_parts(plugin, "sensors") if kind == "operators" else [])
        if not parts:
            return None
        return {getattr(part, "__name__", type(part).__name__): part for part in parts}

    def links(self, operator: type) -> list[Any]:
        """Links that plugins add to a class of operators."""
        found = []
        for plugin in self.by_name.values():
            found += _parts(plugin, "global_operator_extra_links")
            for link in _parts(plugin, "operator_extra_links"):
                if any(isinstance(one, type) and issubclass(operator, one) for one in getattr(link, "operators", ())):
                    found.append(link)
        return found

    def problems(self) -> list[str]:
        """What somebody should know about the plugins, a line each."""
        lines = [f"plugin {source} can't be imported: {why}" for source, why in self.import_errors.items()]
        for name, plugin in self.by_name.items():
            web = [part for part in _WEB if getattr(plugin, part, None)]
            if web:
                lines.append(
                    f"plugin {name!r} ({self.sources[name]}) has {', '.join(web)}: parts for Airflow's own web server, "
                    "which Tradewind does not have; the rest of the plugin is in use"
                )
        return lines


_plugins: Plugins | None = None
_loading = False
#: ``[airflow.plugins]`` of the packages on ``sys.path``, found once in the host.
_entry_points: dict[str, list[tuple[str, str, str]]] | None = None


def loaded() -> Plugins:
    """The plugins that were loaded; none before :func:`load`."""
    return _plugins if _plugins is not None else Plugins()


def load() -> Plugins:
    """Import all plugins, once a process. Problems are kept, never raised."""
    global _plugins, _loading
    if _plugins is not None or _loading:
        return loaded()
    _loading = True
    found = _plugins = Plugins()
    try:
        for path, root in plugin_files():
            _guarded(found, path, lambda path=path, root=root: _from_file(found, path, root))
        for name, value, distribution in entry_points("airflow.plugins"):
            source = f"{distribution}: {name}"
            _guarded(found, source, lambda value=value, source=source: _register(found, _resolve(value), source))
        if found.by_name:
            from airflow.listeners.listener import get_listener_manager

            for plugin in found.by_name.values():
                for listener in _parts(plugin, "listeners"):
                    get_listener_manager().add_listener(listener)
    finally:
        _loading = False
    return found


def listeners() -> Any:
    """The manager of this process's listeners; None if there are none."""
    module = sys.modules.get("airflow.listeners.listener")
    if module is None or not module.get_listener_manager().has_listeners:
        return None
    return module.get_listener_manager()


def _guarded(found: Plugins, source: str, action: Any) -> None:
    from airflow._runtime.load import one_line

    try:
        action()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        found.import_errors[source] = one_line(error)


def plugins_folder() -> str:
    """``[core] plugins_folder``; ``plugins`` in the home unless it is set."""
    from airflow.configuration import AIRFLOW_HOME, conf

    return conf.get("core", "plugins_folder", fallback=None) or os.path.join(AIRFLOW_HOME, "plugins")


def plugin_files() -> list[tuple[str, str]]:
    """Files of the plugins folder that may define a plugin, with the folder that they are imported from."""
    root = plugins_folder()
    if not os.path.isdir(root):
        return []
    found = []
    ignored = _ignored(root)
    for parent, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(parent, name)
            if name.endswith(".py") and not ignored(os.path.relpath(path, root)) and _mentions_plugin(path):
                found.append((path, root))
    return found


def _mentions_plugin(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"Plugin" in file.read()
    except OSError:
        return False


def _ignored(root: str) -> Any:
    """Says which relative paths ``.airflowignore`` of the plugins folder leaves out (globs)."""
    from fnmatch import fnmatch

    try:
        with open(os.path.join(root, ".airflowignore"), encoding="utf-8") as file:
            patterns = [line.split("#")[0].strip().strip("/") for line in file]
    except OSError:
        return lambda path: False
    patterns = [pattern for pattern in patterns if pattern]

    def ignored(path: str) -> bool:
        parts = path.split(os.sep)
        above = [os.sep.join(parts[:count]) for count in range(1, len(parts) + 1)]
        return any(fnmatch(one, pattern) for one in [*above, *parts] for pattern in patterns)

    return ignored


def _from_file(found: Plugins, path: str, root: str) -> None:
    module = _import_file(path, root)
    found.files.append(path)
    for value in list(vars(module).values()):
        if _is_plugin(value) and value.__module__ == module.__name__:
            _register(found, value, path)


def _import_file(path: str, root: str) -> ModuleType:
    """The file as the module that other files import it as; under a name of its own if that name means another."""
    relative = os.path.relpath(path, root)[: -len(".py")]
    name = relative.removesuffix(os.sep + "__init__").replace(os.sep, ".")
    if name.replace(".", "").isidentifier():
        if root not in sys.path:
            sys.path.append(root)
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
        else:
            if os.path.realpath(getattr(module, "__file__", None) or "") == os.path.realpath(path):
                return module
    name = "airflow_plugin_" + relative.replace(os.sep, "_").replace(".", "_").replace("-", "_")
    loader = SourceFileLoader(name, path)
    spec = ModuleSpec(name, loader, origin=path)
    spec.has_location = True
    module = ModuleType(name)
    module.__file__, module.__loader__, module.__spec__ = path, loader, spec
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _is_plugin(value: Any) -> bool:
    from airflow.plugins_manager import AirflowPlugin

    return isinstance(value, type) and issubclass(value, AirflowPlugin) and value is not AirflowPlugin


def _register(found: Plugins, plugin: Any, source: str) -> None:
    if not _is_plugin(plugin):
        raise TypeError(f"{plugin!r} is not a class derived from AirflowPlugin")
    plugin.validate()
    if plugin.name in found.by_name:
        return
    plugin.on_load()
    found.by_name[plugin.name] = plugin
    found.sources[plugin.name] = source


def _parts(plugin: Any, kind: str) -> list[Any]:
    """A list of a plugin; a callable or property that gives one will do."""
    value = getattr(plugin, kind, None)
    if isinstance(value, property):
        value = getattr(plugin(), kind)
    return list(value or [])


def _resolve(value: str) -> Any:
    """The object of an entry point: ``module:attribute``, or a module."""
    module, _, attribute = value.partition(":")
    found: Any = import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found


def scan_entry_points() -> None:
    """Look at the packages on ``sys.path`` once, for all children of this host."""
    global _entry_points
    found: dict[str, list[tuple[str, str, str]]] = {"airflow.plugins": [], "airflow.policy": []}
    for folder in sys.path:
        try:
            names = [name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for name in sorted(names):
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                    text = file.read()
            except OSError:
                continue
            if "[airflow.pl" in text or "[airflow.po" in text:
                _read_entry_points(text, name.rsplit("-", 2)[0] if "-" in name else name, found)
    _entry_points = found


def _read_entry_points(text: str, distribution: str, found: dict[str, list[tuple[str, str, str]]]) -> None:
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif section in found and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            entry = (name.strip(), value.split("[")[0].strip(), distribution)
            if entry not in found[section]:
                found[section].append(entry)


def entry_points(group: str) -> list[tuple[str, str, str]]:
    """Name, ``module:attribute`` and distribution of each entry point of a group."""
    if _entry_points is None:
        scan_entry_points()
    assert _entry_points is not None
    return _entry_points[group]


def provider_modules() -> list[str]:
    """Modules of the plugins that provider packages bring. They are heavy, so that a host imports them when a child
    had to; those of other packages could leave threads behind, which a fork would lose."""
    modules = (value.partition(":")[0] for _, value, _ in entry_points("airflow.plugins"))
    return sorted({module for module in modules if module.startswith("airflow.providers.")})


def report_problems() -> None:
    """In a fork of a starting host: say on its stderr what is wrong with the plugins, once."""
    if not plugin_files() and not entry_points("airflow.plugins"):
        return
    pid = os.fork()
    if pid:
        return
    try:
        import warnings

        warnings.simplefilter("ignore")  # those of plugin files concern the files that use them
        for line in load().problems():
            os.write(2, f"{line}\n".encode())
    finally:
        os._exit(0)
