"""Old names of a module's classes."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class DeprecatedImportWarning(FutureWarning):
    """A name is imported from where it was before."""


def getattr_with_deprecation(
    imports: dict[str, str],
    module: str,
    override_deprecated_classes: dict[str, str],
    extra_message: str,
    name: str,
) -> Any:
    """What an old name of a module is now, with a warning."""
    import warnings

    target = imports.get(name) or imports.get("*")
    if target is None:
        raise AttributeError(f"The module `{module!r}` has no attribute `{name!r}`")
    if target.endswith(".*"):
        target = target[:-1] + name
    home, _, attribute = target.rpartition(".")
    if module == home and attribute == name:
        raise AttributeError(f"The module `{module!r}` has no attribute `{name!r}`")
    shown = override_deprecated_classes.get(name, target)
    warnings.warn(
        f"{module}.{name} is an old path; import {shown} instead{'; ' + extra_message if extra_message else ''}",
        DeprecatedImportWarning,
        stacklevel=3,
    )
    from airflow.utils.module_loading import import_string

    return import_string(target)


def add_deprecated_classes(
    module_imports: dict[str, dict[str, str]],
    package: str,
    override_deprecated_classes: dict[str, dict[str, str]] | None = None,
    extra_message: str | None = None,
) -> None:
    """
    Give old names to modules: each key is a module below ``package`` (or ``package`` itself, by its whole name), with
    a dict of old names and import paths. Modules that do not exist come into being.
    """
    for name, imports in module_imports.items():
        full = package if name == package else f"{package}.{name}"
        overrides = (override_deprecated_classes or {}).get(name, {})

        def __getattr__(wanted: str, full: str = full, imports: Any = imports, overrides: Any = overrides) -> Any:
            return getattr_with_deprecation(imports, full, overrides, extra_message or "", wanted)

        module = ModuleType(full) if full != package else sys.modules[full]
        module.__getattr__ = __getattr__  # type: ignore[method-assign]
        sys.modules.setdefault(full, module)
