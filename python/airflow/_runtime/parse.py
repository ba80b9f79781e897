"""Jobs ``parse`` and ``warm``: import a DAG file, and write its DAGs or stay ready to run them."""

from __future__ import annotations

import gc
import os
import sys
import time
import warnings
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.load import dags_of, explain, load, modules_below, newest_module, one_line, refused_by_policy
from airflow._runtime.wire import Channel

_MAX_WARNINGS = 100


def parse(channel: Channel, job: dict[str, Any]) -> int:
    """Import the file and answer with its DAGs and with what is wrong."""
    started = time.monotonic()
    gc.set_threshold(100_000, 50, 100)
    path, root = job["path"], job["root"]
    supervisor.set_channel(channel)
    before = newest_module()
    notes: list[str] = []
    problem: dict[str, Any] | None = None
    dags: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    _collect_warnings(notes, root)
    try:
        module = load(path, root)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problem = explain(error, path)
    else:
        dags, errors, problem = _serialize(dags_of(module), refused_by_policy(module), path)
    if problem is not None:
        _tell_listeners(path, problem, job.get("had_error", False))
    channel.send(
        {
            "type": "parsed",
            "dags": dags,
            "import_error": problem,
            "errors": errors,
            "warnings": notes,
            "modules": modules_below(root, path, before),
            "duration_ms": int((time.monotonic() - started) * 1000),
        }
    )
    return 0


def _tell_listeners(path: str, problem: dict[str, Any], had_error: bool) -> None:
    from airflow._runtime import plugins

    listeners = plugins.listeners()
    if listeners is not None:
        hook = "on_existing_dag_import_error" if had_error else "on_new_dag_import_error"
        listeners.call(hook, filename=path, stacktrace=problem.get("traceback") or problem.get("message"))


def _serialize(
    found: dict[str, Any], refused: dict[str, Exception], path: str
) -> tuple[list[Any], list[Any], dict[str, Any] | None]:
    from airflow._serialize.dag import serialize_dag

    dags: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    problem: dict[str, Any] | None = None
    for dag_id, dag in sorted(found.items()):
        try:
            if dag_id in refused:
                raise refused[dag_id]
            dags.append(serialize_dag(dag))
        except Exception as error:
            errors.append({"dag_id": dag_id, "message": one_line(error)})
            if problem is None:
                problem = explain(error, path)
                problem["message"] = f"DAG {dag_id!r}: {problem['message']}"
                if problem["line"] is None:
                    problem["line"] = _line_of(dag)
    return dags, errors, problem


def _line_of(dag: Any) -> int | None:
    """The line of the file that made the DAG."""
    return getattr(dag, "_line", None)


def _collect_warnings(notes: list[str], root: str) -> None:
    prefix = os.path.join(root, "")

    def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        if filename.startswith(prefix) and len(notes) < _MAX_WARNINGS:
            note = f"{filename}:{lineno}: {category.__name__}: {message}"
            if note not in notes:
                notes.append(note)

    warnings.simplefilter("default", DeprecationWarning)
    warnings.showwarning = show


def warm(channel: Channel, job: dict[str, Any]) -> list[str] | None:
    """Import the file, to fork tasks from here. The files that it imported; None (and a reason sent) if it can't be."""
    path, root = job["path"], job["root"]
    supervisor.set_channel(None)
    before = newest_module()
    sockets = _sockets()
    try:
        load(path, root)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        channel.send({"type": "unfit", "reason": f"the file can't be imported: {one_line(error)}"})
        return None
    reason = _unfit(sockets)
    if reason is not None:
        channel.send({"type": "unfit", "reason": reason})
        return None
    sys.stdout.flush()
    sys.stderr.flush()
    return modules_below(root, path, before)


def _unfit(sockets_before: int) -> str | None:
    """Why tasks must not be forked from this process."""
    try:
        threads = len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        threads = threading.active_count()
    if threads > 1:
        return f"importing the file left {threads - 1} other threads running, which a fork would lose"
    opened = _sockets() - sockets_before
    if opened > 0:
        return f"importing the file left {opened} network connections open, which forks would share"
    return None


def _sockets() -> int:
    """Number of open sockets."""
    count = 0
    try:
        for fd in os.listdir("/proc/self/fd"):
            try:
                count += os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")
            except OSError:
                continue
    except OSError:
        return 0
    return count
