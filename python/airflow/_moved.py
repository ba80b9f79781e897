"""Makes old paths of classes that moved to provider packages lead to the installed provider, or name it."""

from __future__ import annotations

import functools
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # what importlib.abc imports would make every start slower

_PROVIDERS = "airflow.providers."
# Names below ``airflow.providers`` that are only the first half of a provider's name.
_FAMILIES = frozenset({"apache", "atlassian", "cncf", "common", "dbt", "ibm", "microsoft"})


@functools.cache
def _table() -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Old module to its new homes, each with what old names are called there."""
    from airflow._moved_table import MOVED

    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    homes: list[tuple[str, dict[str, str]]] = []
    for line in MOVED.strip().splitlines():
        words = line.split()
        if not line.startswith("    "):
            if not line.startswith(" "):
                homes = found.setdefault("airflow." + words.pop(0), [])
            homes.append((_PROVIDERS + words.pop(0).rstrip(":"), {}))
        for word in words:
            old, _, new = word.partition("=")
            homes[-1][1][old] = new or old
    return found


@functools.cache
def _old_provider_modules() -> frozenset[str]:
    """Modules of older provider releases whose classes have successors, or of which there is something to say."""
    from airflow._moved_table import ADAPTED, ADVICE

    whole = {name for name in ADVICE if not name.rpartition(".")[2][:1].isupper()}
    return frozenset(_PROVIDERS + name for name in {*(name.rpartition(".")[0] for name in [*ADAPTED, *ADVICE]), *whole})


def distribution(path: str) -> str:
    """The package on PyPI that has a path below ``airflow.providers``."""
    parts = path.split(".")[2:4]
    name = parts if parts[0] in _FAMILIES else parts[:1]
    return "apache-airflow-providers-" + "-".join(name).replace("_", "-")


def has_old_names(module: str) -> bool:
    """Whether older releases of a provider's module had names that are gone."""
    return module in _old_provider_modules()


def is_moved(module: str) -> bool:
    """Whether the table knows an old module, or something below it."""
    return module in _table() or (module.startswith(_PROVIDERS) and module in _old_provider_modules())


def moved_name(module: str, name: str) -> Any:
    """What ``name`` of an old module is now; raises ``ImportError`` with what to do if it is not here.

    ``AttributeError`` if the module never had such a name.
    """
    if name.startswith("__"):
        raise AttributeError(name)
    homes = _table().get(module)
    if homes is None:
        return _provider_name(module, name, module)
    for home, names in homes:
        if name in names:
            value = _with_old_arguments(_provider_name(home, names[name], f"{module}.{name}"), module, name)
            _note(f"{module}.{name}", f"{home}.{names[name]}")
            return value
    return _kept_name(module, name, homes)


def _kept_name(module: str, name: str, homes: list[tuple[str, dict[str, str]]]) -> Any:
    for home, _ in homes:
        try:
            value = _provider_name(home, name, f"{module}.{name}")
        except AttributeError:
            continue
        _note(f"{module}.{name}", f"{home}.{name}")
        return value
    raise AttributeError(f"module {module!r} has no attribute {name!r}, and neither has {homes[0][0]}")


def by_name(package: str, name: str) -> Any:
    """A class that Airflow 1 offered in a package itself (``airflow.operators.HiveOperator``)."""
    prefix = package + "."
    for module, homes in _table().items():
        if module.startswith(prefix) and any(name in names for _, names in homes):
            return moved_name(module, name)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def _provider_name(home: str, name: str, old: str) -> Any:
    from airflow._moved_table import ADAPTED

    path = f"{home[len(_PROVIDERS) :]}.{name}"
    gone = _advice(path)
    try:
        module = import_module(home)
    except ModuleNotFoundError as error:
        if not _is_about(error, home):
            raise
        module = None
    value = None if module is None or _is_stand_in(module) else getattr(module, name, None)
    if value is not None:
        return value
    if path in ADAPTED:
        return _adapted(path, old)
    if gone is not None:
        raise ModuleNotFoundError(f"{old} was {home}.{name}, which is gone: {gone}", name=old)
    if module is None:
        raise ModuleNotFoundError(f"{old} is {home}.{name} now: {how_to_get(home)}", name=home)
    raise AttributeError(f"module {home!r} has no attribute {name!r}")


def is_half_a_name(path: str) -> bool:
    """Whether a path is only the first half of a provider's name, as ``airflow.providers.apache``."""
    return path.split(".")[2:] in [[family] for family in _FAMILIES]


def how_to_get(path: str) -> str:
    """What to do about a path below ``airflow.providers`` that can't be imported."""
    package = distribution(path)
    parts = path.split(".")
    root = ".".join(parts[: 4 if parts[2] in _FAMILIES else 3])
    try:
        there = find_spec(root) is not None
    except (ImportError, ValueError):
        there = False
    if there:
        return f"the installed {package} has no {path}; another version of it may"
    return f"pip install {package}"


def _advice(path: str) -> str | None:
    """What to use instead of something that providers have no more."""
    from airflow._moved_table import ADVICE

    while path:
        if path in ADVICE:
            return ADVICE[path]
        path = path.rpartition(".")[0]
    return None


def _is_about(error: ModuleNotFoundError, home: str) -> bool:
    """Whether the error says that this module is not there, rather than something that it needs."""
    return error.name is not None and (home == error.name or home.startswith(error.name + "."))


def _is_stand_in(module: ModuleType) -> bool:
    return isinstance(getattr(module, "__loader__", None), MovedLoader)


@functools.cache
def _adapted(path: str, old: str) -> type:
    """A class of older releases, made of the class that took its place."""
    from airflow._moved_table import ADAPTED

    new, arguments = ADAPTED[path]
    home, _, base_name = new.rpartition(".")
    try:
        base = getattr(import_module(home), base_name)
    except ModuleNotFoundError as error:
        if not _is_about(error, home):
            raise
        both = [distribution(_PROVIDERS + path), distribution(home)]
        needed = " ".join(dict.fromkeys(both))
        raise ModuleNotFoundError(f"{old} is {new} now: pip install {needed}", name=home) from None
    module, _, name = (_PROVIDERS + path).rpartition(".")
    defaults = {argument: default for argument, (_, default) in arguments.items()}

    def __init__(self: Any, **kwargs: Any) -> None:
        for argument, (target, default) in arguments.items():
            value = kwargs.pop(argument, default)
            into, _, key = target.rpartition(".")
            if not into:
                kwargs.setdefault(key, value)
            elif value is not None:
                kwargs[into] = {**(kwargs.get(into) or {}), key: value}
        base.__init__(self, **kwargs)

    __init__.__signature__ = _signature(defaults)  # type: ignore[attr-defined]
    doc = f"The older name of :class:`{new}`."
    result: type = type(base)(name, (base,), {"__init__": __init__, "__module__": module, "__doc__": doc})
    return result


def _with_old_arguments(new: Any, module: str, name: str) -> Any:
    """The class, or, if arguments of it had other names, one that takes those too."""
    from airflow._moved_table import ARGUMENTS

    renamed = ARGUMENTS.get(f"{module.removeprefix('airflow.')}.{name}")
    if renamed is None or not isinstance(new, type):
        return new

    def __init__(self: Any, **kwargs: Any) -> None:
        for old, argument in renamed.items():
            value = kwargs.pop(old, None)
            if value is not None:
                kwargs[argument] = value
        new.__init__(self, **kwargs)  # type: ignore[misc]

    __init__.__signature__ = _signature(dict.fromkeys(renamed))  # type: ignore[attr-defined]
    return type(new)(new.__name__, (new,), {"__init__": __init__, "__module__": module, "__doc__": new.__doc__})


def _signature(defaults: dict[str, object]) -> Any:
    """Of an ``__init__`` that takes these keyword arguments and any others."""
    from inspect import Parameter, Signature

    return Signature(
        [
            Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
            *(Parameter(name, Parameter.KEYWORD_ONLY, default=value) for name, value in defaults.items()),
            Parameter("kwargs", Parameter.VAR_KEYWORD),
        ]
    )


def _note(old: str, new: str) -> None:
    from airflow.sdk.definitions._internal.old_names import warn_author

    warn_author(f"{old} is an old path; import {new} instead")


class MovedLoader(Loader):
    """Loads an old module of the table: its names are looked up on use."""

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__

        def __getattr__(attribute: str) -> Any:
            value = moved_name(name, attribute)
            setattr(module, attribute, value)
            return value

        module.__getattr__ = __getattr__  # type: ignore[method-assign]


class WithOldNames(Loader):
    """A module's own loader; afterwards names that the module has no more are looked up in the table."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        own = vars(module).get("__getattr__")
        name = module.__name__

        def __getattr__(attribute: str) -> Any:
            if own is not None:
                try:
                    return own(attribute)
                except AttributeError:
                    pass
            return old_provider_name(name, attribute)

        module.__getattr__ = __getattr__  # type: ignore[method-assign]


def old_provider_name(module: str, name: str) -> Any:
    """A name that an installed provider's module has no more."""
    from airflow._moved_table import ADAPTED

    path = f"{module[len(_PROVIDERS) :]}.{name}"
    if path in ADAPTED:
        value = _adapted(path, f"{module}.{name}")
        _note(f"{module}.{name}", ADAPTED[path][0])
        return value
    gone = _advice(path) if not name.startswith("_") else None
    if gone is not None:
        raise ImportError(f"{module}.{name} is gone: {gone}", name=module)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
