"""Importing by dotted path."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def import_string(dotted_path: str) -> Any:
    """The object that a path such as ``package.module.Class`` names."""
    module, _, name = dotted_path.rpartition(".")
    if not module:
        raise ImportError(f"{dotted_path} doesn't look like a module path")
    try:
        return getattr(import_module(module), name)
    except AttributeError:
        raise ImportError(f'Module "{module}" does not define a "{name}" attribute/class') from None


def qualname(o: object | Callable[..., Any], use_qualname: bool = False, exclude_module: bool = False) -> str:
    """The dotted path of a class, function or object's class."""
    named: Any = o if callable(o) and hasattr(o, "__qualname__") else type(o)
    name: str = named.__qualname__
    return name if exclude_module else f"{named.__module__}.{name}"


def is_valid_dotpath(path: str) -> bool:
    """Whether the text looks like a dotted path."""
    return isinstance(path, str) and all(part.isidentifier() for part in path.split("."))


def iter_namespace(ns: Any) -> Any:
    """Modules of a namespace package."""
    import pkgutil

    return pkgutil.iter_modules(ns.__path__, ns.__name__ + ".")


def entry_points_with_dist(group: str) -> Any:
    """Entry points of a group with the packages that have them."""
    from importlib import metadata

    for dist in metadata.distributions():
        for point in dist.entry_points:
            if point.group == group:
                yield point, dist
