"""Makes the import paths of every Airflow era resolve: a finder that is asked after all others."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # what importlib.abc imports would make every start slower

_finder: _AliasFinder | None = None


def install() -> None:
    """Put the finder at the end of ``sys.meta_path``, once."""
    global _finder
    if _finder is None:
        _finder = _AliasFinder()
        sys.meta_path.append(_finder)
        sys.meta_path.insert(0, _OldProviderNames())


def submodule(package: str, name: str) -> Any:
    """Import ``package.name`` for a module's ``__getattr__``; an ``AttributeError`` when there is none."""
    full = f"{package}.{name}"
    if name.startswith("__"):
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    try:
        return import_module(full)
    except ModuleNotFoundError as error:
        if error.name == full:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        raise


def named(package: str, name: str) -> Any:
    """What the alias table says that ``name`` of ``package`` is; else its submodule of that name."""
    from airflow._alias_table import NAMES

    where = NAMES[package].get(name)
    if where is None:
        return elsewhere(package, name)
    home, _, attribute = where.rstrip("!").partition(":")
    if where.endswith("!"):
        _warn(f"{package}.{name}", home)
    return import_module(home) if attribute == "*" else getattr(import_module(home), attribute or name)


# Packages into which plugins put classes, and which Airflow 1 offered classes of integrations in.
_OPEN = frozenset({"airflow.executors", "airflow.hooks", "airflow.macros", "airflow.operators", "airflow.sensors"})


def elsewhere(package: str, name: str) -> Any:
    """A name of a package that the alias table does not know: a submodule, or a class of a plugin or provider."""
    try:
        return submodule(package, name)
    except AttributeError:
        if name.startswith("_"):
            raise
    from airflow import _moved

    if _moved.is_moved(package):
        return _moved.moved_name(package, name)
    if package not in _OPEN:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    from airflow._runtime import plugins

    member = plugins.load().member(package, name)
    if member is not None:
        return member
    try:
        return _moved.by_name(package, name)
    except AttributeError:
        if package == "airflow.macros":
            raise
    raise ImportError(f"cannot import name {name!r} from {package!r}: {_why_not(package)}", name=package)


def _why_not(package: str) -> str:
    from airflow._runtime import plugins

    broken = plugins.loaded().import_errors
    if broken:
        return f"no plugin offers it; can't be imported: {', '.join(f'{path} ({why})' for path, why in broken.items())}"
    kind = package.rpartition(".")[2]
    return (
        f"no plugin in {plugins.plugins_folder()} offers it, and it is none of Airflow's own {kind}; "
        f"{kind} of other systems are in provider packages (airflow.providers...)"
    )


def hint(error: BaseException) -> str:
    """What to do about an import that failed, for the end of its message; empty if there is nothing to say."""
    name = getattr(error, "name", None)
    if not isinstance(error, ModuleNotFoundError) or not isinstance(name, str):
        return ""
    if not name.startswith("airflow.providers.") or "pip install" in str(error):
        return ""
    from airflow._moved import how_to_get, is_half_a_name

    if is_half_a_name(name):
        name = _imported_path(error) or name
    return "" if is_half_a_name(name) else f"; {how_to_get(name)}"


def _imported_path(error: BaseException) -> str | None:
    """The path below ``airflow.providers`` in the line that failed to import it."""
    import linecache
    import re

    found = None
    at = error.__traceback__
    while at is not None:
        match = re.search(
            r"airflow\.providers\.[\w.]+", linecache.getline(at.tb_frame.f_code.co_filename, at.tb_lineno)
        )
        found = match.group() if match is not None else found
        at = at.tb_next
    return found


class _AliasFinder:
    """Finds the modules that exist only in the alias table."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith("airflow."):
            return None
        from airflow._alias_table import ABSENT, MODULES, NAMES

        if fullname in MODULES:
            return ModuleSpec(fullname, _SameModule(MODULES[fullname]))
        if fullname in NAMES:
            return ModuleSpec(fullname, _NamesLoader(NAMES[fullname]), is_package=True)
        from airflow import _moved

        if _moved.is_moved(fullname):
            return ModuleSpec(fullname, _moved.MovedLoader())
        if fullname.rpartition(".")[0] in _OPEN:
            from airflow._runtime import plugins

            contents = plugins.load().module(fullname)
            if contents is not None:
                return ModuleSpec(fullname, _ContentsLoader(contents))
        for prefix, reason in ABSENT.items():
            if fullname == prefix or fullname.startswith(prefix + "."):
                raise ModuleNotFoundError(f"{fullname}: {reason}", name=fullname)
        return None


def _warn(old: str, new: str) -> None:
    from airflow.sdk.definitions._internal.old_names import warn_author

    warn_author(f"{old} is an old path; import from {new} instead")


class _OldProviderNames:
    """Lets modules of providers still offer the names that older releases of them had."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith("airflow.providers."):
            return None
        from airflow import _moved

        if not _moved.has_old_names(fullname):
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _moved.WithOldNames(spec.loader)
        return spec


class _ContentsLoader(Loader):
    """Loads a module with given contents: what a plugin offers below ``airflow.operators`` and the like."""

    def __init__(self, contents: dict[str, Any]) -> None:
        self.contents = contents

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(self.contents)


class _SameModule(Loader):
    """Loads an old module path as the very module that took its place."""

    def __init__(self, target: str) -> None:
        self.target = target.rstrip("!")
        self.deprecated = target.endswith("!")

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if self.deprecated:
            _warn(module.__name__, self.target)
        sys.modules[module.__name__] = import_module(self.target)


class _NamesLoader(Loader):
    """Loads an old package or module that is nothing but names found elsewhere."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        package = module.__name__

        def __getattr__(name: str) -> Any:
            value = named(package, name)
            setattr(module, name, value)
            return value

        module.__getattr__ = __getattr__  # type: ignore[method-assign]
        module.__all__ = sorted(self.names)  # type: ignore[attr-defined]
        module.__dir__ = lambda: sorted(self.names)  # type: ignore[method-assign]
