"""Makes the import paths of every Airflow era resolve: a finder that is asked after all others."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_finder: _AliasFinder | None = None


def install() -> None:
    """Put the finder at the end of ``sys.meta_path``, once."""
    global _finder
    if _finder is None:
        _finder = _AliasFinder()
        sys.meta_path.append(_finder)


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
        return submodule(package, name)
    home, _, attribute = where.rstrip("!").partition(":")
    if where.endswith("!"):
        _warn(f"{package}.{name}", home)
    return import_module(home) if attribute == "*" else getattr(import_module(home), attribute or name)


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
        for prefix, reason in ABSENT.items():
            if fullname == prefix or fullname.startswith(prefix + "."):
                raise ModuleNotFoundError(f"{fullname}: {reason}", name=fullname)
        return None


def _warn(old: str, new: str) -> None:
    from airflow.sdk.definitions._internal.old_names import warn_author

    warn_author(f"{old} is an old path; import from {new} instead")


class _SameModule:
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


class _NamesLoader:
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
