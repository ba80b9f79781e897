"""Importing DAG files."""

from __future__ import annotations

import os
import sys
import time
import zlib
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import takewhile
from types import ModuleType
from typing import Any

from airflow._runtime import plugins, policies
from airflow.sdk.definitions._internal.contextmanager import DagContext

# Files of the present host that are imported already, with their modules.
_loaded: dict[str, ModuleType] = {}


def _careful_cache() -> None:
    """Keep Python from caching the bytecode of a file that may be saved again within the same second.

    A cache file names its source by size and by whole seconds of its time, so a quick second save could go unseen.
    """
    original = SourceFileLoader.set_data

    def set_data(self: SourceFileLoader, path: str, data: Any, *, _mode: int = 0o666) -> None:
        try:
            if abs(time.time() - os.stat(self.path).st_mtime) < 3:
                return
        except OSError:
            return
        original(self, path, data, _mode=_mode)

    SourceFileLoader.set_data = set_data  # type: ignore[method-assign]


_careful_cache()


def module_name(path: str) -> str:
    """The name under which a DAG file is imported: unique to its path."""
    data = os.fsencode(path)
    digest = f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}"  # hashlib would load all of OpenSSL
    stem = os.path.basename(path).rsplit(".", 1)[0].replace(".", "_")
    return f"unusual_prefix_{digest}_{stem}"


def prepare_path(root: str) -> None:
    """Let DAG files import what lies in the bundle's root, in the plugins folder and in ``config``.

    As in Airflow, all of that comes last: a DAG file ``queue.py`` is not what others mean by ``import queue``.
    """
    from airflow.configuration import AIRFLOW_HOME

    for folder in (root, os.path.join(AIRFLOW_HOME, "config"), plugins.plugins_folder()):
        if folder and folder not in sys.path and os.path.isdir(folder):
            sys.path.append(folder)


def load(path: str, root: str) -> ModuleType:
    """The module of a DAG file: imported now, or before this process was forked."""
    known = _loaded.get(path)
    if known is not None:
        return known
    prepare_path(root)
    plugins.load()
    policies.local_settings()
    module = run_file(path)
    found, refused = collect(module), {}
    for dag_id, dag in list(found.items()):
        try:
            if not policies.apply(dag):
                del found[dag_id]
        except Exception as error:
            refused[dag_id] = error
    module.__dict__["__tradewind_dags__"] = found
    module.__dict__["__tradewind_refused__"] = refused
    _loaded[path] = module
    return module


def run_file(path: str) -> ModuleType:
    """A new module of the DAG file; for :func:`collect`, before the next one is made."""
    name = module_name(path)
    loader = SourceFileLoader(name, path)
    spec = ModuleSpec(name, loader, origin=path)
    spec.has_location = True
    module = ModuleType(name)
    module.__file__ = path
    module.__loader__ = loader
    module.__spec__ = spec
    sys.modules[name] = module
    DagContext.autoregistered.clear()
    DagContext.module_name = name
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        DagContext.module_name = None
        DagContext._stack.clear()
    return module


def collect(module: ModuleType) -> dict[str, Any]:
    """The DAGs of a module by id: those in variables and those made with ``with DAG`` or ``@dag``."""
    from airflow.sdk.definitions.dag import DAG

    found: dict[str, Any] = {}
    for value in vars(module).values():
        if isinstance(value, DAG):
            found[value.dag_id] = value
    for dag, made_by in DagContext.autoregistered:
        if made_by == module.__name__:
            found.setdefault(dag.dag_id, dag)
    # The tasks of a sub-DAG are a task group of the outer DAG.
    found = {dag_id: dag for dag_id, dag in found.items() if dag.absorbed_by is None}
    for dag in found.values():
        dag.fileloc = module.__file__
    return found


def dags_of(module: ModuleType) -> dict[str, Any]:
    """What :func:`collect` found when the file was imported."""
    result: dict[str, Any] = module.__dict__["__tradewind_dags__"]
    return result


def refused_by_policy(module: ModuleType) -> dict[str, Exception]:
    """DAGs of a file that a cluster policy does not let in, and what it says."""
    result: dict[str, Exception] = module.__dict__["__tradewind_refused__"]
    return result


def newest_module() -> str:
    """The name of the module that was imported last."""
    return next(reversed(sys.modules))


def modules_below(root: str, path: str, before: str) -> list[str]:
    """Files below ``root`` imported after module ``before``, besides ``path``; those of plugins and policies too."""
    prefixes = tuple(os.path.join(folder, "") for folder in (root, plugins.plugins_folder()))
    settings = policies.local_settings()
    found = set(filter(None, [getattr(settings, "__file__", None)]))
    # From the newest on: merely touching a name that the host has imported copies its page of memory.
    for name in list(takewhile(before.__ne__, reversed(sys.modules))):
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and file.startswith(prefixes) and file != path:
            found.add(file)
    return sorted(found)


def explain(error: BaseException, path: str) -> dict[str, Any]:
    """What is wrong with a file, as `protocol::frames::ImportError`."""
    import traceback

    line = None
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno
    first = error.__traceback__
    at = first
    while at is not None:
        if at.tb_frame.f_code.co_filename == path:
            if line is None or not isinstance(error, SyntaxError):
                line = at.tb_lineno
        at = at.tb_next
    # Start the traceback in the user's file: how it came to be imported says nothing.
    at = first
    while at is not None and at.tb_frame.f_code.co_filename != path:
        at = at.tb_next
    shown = at if at is not None else (None if isinstance(error, SyntaxError) else first)
    text = "".join(traceback.format_exception(type(error), error, shown))
    return {"message": one_line(error), "line": line, "traceback": text}


def one_line(error: BaseException) -> str:
    """Type and message of an exception in one line."""
    kind = type(error).__name__
    if isinstance(error, SystemExit):
        return f"SystemExit: the file called sys.exit({'' if error.code is None else repr(error.code)})"
    try:
        text = str(error)
    except Exception:
        text = "(its message can't be shown)"
    text = " ".join(text.split())
    if isinstance(error, ImportError):
        from airflow._aliases import hint

        text += hint(error)
    return f"{kind}: {text}" if text else kind
