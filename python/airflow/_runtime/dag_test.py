"""``dag.test()``: all tasks of a DAG, once, in this process, with XComs in memory."""

from __future__ import annotations

import logging
import os
import sys
from datetime import datetime, timezone
from typing import Any

from airflow._runtime import run, supervisor
from airflow._runtime.wire import CallError
from airflow._serialize.values import instant
from airflow.sdk.exceptions import AirflowException

log = logging.getLogger("airflow.task")
_UPSTREAM_BAD = {"failed", "upstream_failed"}


class _MemoryServer:
    """Answers a task's calls from memory. Has the methods of a channel that tasks use."""

    def __init__(self, run_data: dict[str, Any]) -> None:
        self.run = run_data
        self.xcoms: dict[tuple[str, int, str], Any] = {}
        self.states: dict[tuple[str, int], str] = {}
        self.current: tuple[str, int] = ("", -1)

    def send(self, message: dict[str, Any]) -> None:
        """Rendered fields and masks are of no use here."""

    def call(self, method: str, **arguments: Any) -> Any:
        """Answer one call."""
        answer = getattr(self, f"_{method}", None)
        if answer is None:
            raise CallError("unavailable", f"dag.test() can't answer {method!r}: it needs a running Tradewind")
        return answer(**arguments)

    def _xcom_set(self, key: str, value: Any) -> None:
        self.xcoms[(*self.current, key)] = value

    def _xcom_delete(self, key: str) -> None:
        self.xcoms.pop((*self.current, key), None)

    def _xcom_get(self, key: str, task_id: str, map_index: int = -1, **_: Any) -> Any:
        try:
            return self.xcoms[task_id, map_index, key]
        except KeyError:
            raise CallError("not_found", f"task {task_id!r} has pushed no XCom {key!r}") from None

    def _xcom_get_all(self, key: str, task_id: str, **_: Any) -> list[Any]:
        found = [(index, value) for (task, index, name), value in self.xcoms.items() if (task, name) == (task_id, key)]
        return [value for _, value in sorted(found, key=lambda item: item[0])]

    def _variable_get(self, key: str) -> str:
        from airflow._runtime.local_store import variables

        if key not in variables:
            raise CallError("not_found", f"no variable {key!r}")
        return variables[key]

    def _variable_set(self, key: str, value: str, description: str | None = None) -> None:
        from airflow._runtime.local_store import variables

        variables[key] = value

    def _connection_get(self, conn_id: str) -> dict[str, Any]:
        from airflow._runtime.local_store import connections

        if conn_id not in connections:
            raise CallError("not_found", f"no connection {conn_id!r}")
        return connections[conn_id]

    def _previous_run(self, **_: Any) -> None:
        return None

    def _run_get(self, **_: Any) -> dict[str, Any]:
        return self.run

    def _task_states(self, task_ids: list[str] | None = None, **_: Any) -> list[dict[str, Any]]:
        return [
            {"task_id": task, "map_index": index, "state": state}
            for (task, index), state in self.states.items()
            if not task_ids or task in task_ids
        ]


def run_dag(
    dag: Any,
    execution_date: Any = None,
    run_conf: dict[str, Any] | None = None,
    conn_file_path: str | None = None,
    variable_file_path: str | None = None,
    use_executor: bool = False,
    mark_success_pattern: str | None = None,
    logical_date: Any = None,
    **kwargs: Any,
) -> Any:
    """Run the tasks in order; raises at the end if one failed."""
    from airflow.sdk.execution_time.task_instance import DagRun

    if not logging.getLogger().handlers:
        logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="[%(asctime)s] %(levelname)s - %(message)s")
    _read_files(conn_file_path, variable_file_path)
    dag.validate()
    date = logical_date or execution_date or datetime.now(tz=timezone.utc)
    text = instant(date)
    run_data = {
        "run_id": f"manual__{date.isoformat()}",
        "run_type": "manual",
        "logical_date": text,
        "data_interval_start": text,
        "data_interval_end": text,
        "run_after": text,
        "start_date": instant(datetime.now(tz=timezone.utc)),
        "conf": run_conf or {},
        "state": "running",
    }
    server = _MemoryServer(run_data)
    supervisor.set_channel(server)  # type: ignore[arg-type]
    environ = dict(os.environ)
    forced: dict[str, str] = {}
    try:
        for task in dag.topological_sort():
            state = (
                forced.get(task.task_id)
                or _wanted(task, server)
                or _run_all(task, server, forced, mark_success_pattern)
            )
            server.states.setdefault((task.task_id, -1), state)
            log.info("Task %s: %s", task.task_id, state)
    finally:
        supervisor.set_channel(None)
        os.environ.clear()
        os.environ.update(environ)
    leaves = [
        server.states[leaf.task_id, -1] for leaf in dag.leaves if not leaf.is_teardown or leaf.on_failure_fail_dagrun
    ]
    run_data["state"] = "failed" if any(state in _UPSTREAM_BAD for state in leaves) else "success"
    bad = sorted(task for (task, _), state in server.states.items() if state == "failed")
    if run_data["state"] == "failed":
        raise AirflowException(f"dag.test() of {dag.dag_id!r} failed: {', '.join(bad)}")
    finished = DagRun(dag.dag_id, run_data)
    finished.xcoms = {key: value for key, value in server.xcoms.items()}  # type: ignore[attr-defined]
    return finished


def _wanted(task: Any, server: _MemoryServer) -> str | None:
    """A state that the task gets without running, or None if its trigger rule lets it go."""
    ups = [server.states.get((up, -1), "success") for up in task.upstream_task_ids]
    if not ups:
        return None
    good, skipped = ups.count("success"), ups.count("skipped")
    bad = sum(state in _UPSTREAM_BAD for state in ups)
    rule = str(task.trigger_rule)
    if rule in ("always", "all_done"):
        return None
    if rule == "all_success":
        return "upstream_failed" if bad else ("skipped" if skipped else None)
    if rule in ("none_failed", "none_failed_min_one_success"):
        if bad:
            return "upstream_failed"
        return "skipped" if rule.endswith("one_success") and not good else None
    may_go = {
        "all_failed": bad == len(ups),
        "all_skipped": skipped == len(ups),
        "none_skipped": not skipped,
        "one_success": good > 0,
        "one_failed": bad > 0,
        "one_done": good + bad > 0,
        "all_done_min_one_success": good > 0,
        "all_done_setup_success": any(
            server.states.get((up, -1)) == "success" for up in task.upstream_task_ids if task.dag.task_dict[up].is_setup
        )
        or not any(task.dag.task_dict[up].is_setup for up in task.upstream_task_ids),
    }[rule]
    return None if may_go else "skipped"


def _run_all(task: Any, server: _MemoryServer, forced: dict[str, str], pattern: str | None) -> str:
    """Run the task, or all instances of a mapped one; the state of the whole."""
    import re

    if pattern and re.match(pattern, task.task_id):
        return "success"
    if not task.is_mapped:
        return _run_one(task, -1, server, forced)
    states = [_run_one(task, index, server, forced) for index in range(_length(task, server))]
    for index, state in enumerate(states):
        server.states[task.task_id, index] = state
    if not states or all(state == "skipped" for state in states):
        return "skipped"
    return "failed" if "failed" in states else "success"


def _length(task: Any, server: _MemoryServer) -> int:
    length = 1
    for source in task.as_spec()["over"].values():
        if "literal" in source:
            length *= len(source["literal"])
            continue
        upstream = source["xcom"]["task_id"]
        if task.dag.task_dict[upstream].is_mapped:
            length *= len(server._xcom_get_all("return_value", upstream))
        else:
            length *= len(server._xcom_get("return_value", upstream))
    return length


def _run_one(task: Any, map_index: int, server: _MemoryServer, forced: dict[str, str]) -> str:
    server.current = (task.task_id, map_index)
    attempts = 1 + (task.retries if isinstance(task.retries, int) else 0)
    for try_number in range(1, attempts + 1):
        job = {
            "dag_id": task.dag_id,
            "task_id": task.task_id,
            "try_id": "00000000-0000-8000-8000-000000000000",
            "try_number": try_number,
            "max_tries": attempts,
            "map_index": map_index,
            "run": server.run,
            "owner": task.owner,
        }
        run.set_environment(job)
        outcome = run.try_task(job, task)
        while outcome.state == "up_for_reschedule":
            import time

            time.sleep(1)
            outcome = run.try_task(job, task)
        for key, value in outcome.xcoms.items():
            server.xcoms[task.task_id, map_index, key] = value
        forced.update({task_id: "skipped" for task_id in outcome.skip})
        if outcome.state != "up_for_retry":
            return outcome.state
    return "failed"


def _read_files(conn_file_path: str | None, variable_file_path: str | None) -> None:
    import json

    from airflow._runtime import local_store
    from airflow.sdk.definitions.connection import Connection

    for path, store in ((conn_file_path, local_store.connections), (variable_file_path, local_store.variables)):
        if path is None:
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        data = (
            json.loads(text)
            if path.endswith(".json")
            else dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
        )
        for name, value in data.items():
            if store is local_store.variables:
                store[name] = value if isinstance(value, str) else json.dumps(value)
            elif isinstance(value, str):
                store[name] = Connection(conn_id=name, uri=value).to_dict() | {"extra": Connection(uri=value).extra}  # type: ignore[assignment]
            else:
                store[name] = value
