"""``dag.test()``: all tasks of a DAG, once, in this process, with XComs in memory."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from datetime import datetime, timezone
from math import prod
from typing import Any, cast

from airflow._runtime import run, supervisor
from airflow._runtime.alerts import call_each, callbacks_of
from airflow._runtime.memory_server import MemoryServer
from airflow._runtime.outcome import Outcome
from airflow._serialize.values import instant
from airflow.sdk.definitions._internal.expandinput import mapped_groups
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.execution_time.task_instance import DagRun, RuntimeTaskInstance, TaskStateInfo

log = logging.getLogger("airflow.task")
_UPSTREAM_BAD = {"failed", "upstream_failed"}


def run_dag(
    dag: Any,
    execution_date: Any = None,
    run_conf: dict[str, Any] | None = None,
    conn_file_path: str | None = None,
    variable_file_path: str | None = None,
    use_executor: bool = False,
    mark_success_pattern: str | None = None,
    logical_date: Any = None,
    run_after: Any = None,
    session: Any = None,
) -> Any:
    """Run the tasks in order; the run, with what became of it."""
    if use_executor:
        raise AirflowException("dag.test(use_executor=True) is not supported: trigger a run to see it in an executor")
    _check_params(dag, run_conf)
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
        "run_after": text if run_after is None else instant(run_after),
        "start_date": instant(datetime.now(tz=timezone.utc)),
        "conf": run_conf or {},
        "state": "running",
    }
    server = MemoryServer(run_data)
    supervisor.set_channel(server)  # type: ignore[arg-type]
    environ = dict(os.environ)
    rehearsal = _Rehearsal(server, mark_success_pattern)
    try:
        for task in dag.topological_sort():
            log.info("Task %s: %s", task.task_id, rehearsal.run_task(task))
        run_data["state"] = rehearsal.state_of_run(dag)
        rehearsal.call_back(dag)
    finally:
        supervisor.set_channel(None)
        os.environ.clear()
        os.environ.update(environ)
    log.info("DAG %s: %s", dag.dag_id, run_data["state"])
    return TestedRun(dag.dag_id, run_data, server)


class TestedRun(DagRun):
    """A run of ``dag.test()`` that is over."""

    __test__ = False  # no class of pytest's

    def __init__(self, dag_id: str, data: dict[str, Any], server: MemoryServer) -> None:
        super().__init__(dag_id, data)
        self._server = server
        #: Values by task id, map index and key, as the server keeps them.
        self.xcoms: dict[tuple[str, int, str], Any] = dict(server.xcoms)

    def get_task_instances(self, state: Any = None, **kwargs: Any) -> list[Any]:
        """The task instances: ids and states."""
        wanted = None if state is None else {str(s) for s in ([state] if isinstance(state, str) else state)}
        rows = self._server._task_states()
        return [TaskStateInfo(self, row) for row in rows if wanted is None or row["state"] in wanted]

    def get_task_instance(self, task_id: str, *, map_index: int = -1, **kwargs: Any) -> Any:
        """One task instance."""
        found = (ti for ti in self.get_task_instances() if (ti.task_id, ti.map_index) == (task_id, map_index))
        return next(found, None)


def _check_params(dag: Any, run_conf: dict[str, Any] | None) -> None:
    """Raise ``ParamValidationError`` if the run is given what the DAG's params do not allow."""
    from copy import copy

    params = copy(dag.params)
    params.update({name: value for name, value in (run_conf or {}).items() if name in params})
    params.validate()


class _Rehearsal:
    """Runs tasks one after the other; remembers what became of them."""

    def __init__(self, server: MemoryServer, success_pattern: str | None) -> None:
        self.server = server
        self.success_pattern = success_pattern
        self.skipped: set[tuple[str, int]] = set()

    def state_of_run(self, dag: Any) -> str:
        """How the run ends, by its last tasks."""
        counts = [leaf for leaf in dag.leaves if not leaf.is_teardown or leaf.on_failure_fail_dagrun]
        return "failed" if any(self.server.states[leaf.task_id, -1] in _UPSTREAM_BAD for leaf in counts) else "success"

    def call_back(self, dag: Any) -> None:
        """What the DAG calls at the end of its run. What goes wrong there is logged, and changes nothing."""
        failed = self.server.run["state"] == "failed"
        callbacks = callbacks_of(dag, "on_failure" if failed else "on_success")
        tasks = list(dag.topological_sort())
        if not callbacks or not tasks:
            return
        bad = [task for task in tasks if self.server.states[task.task_id, -1] == "failed"]
        task = bad[0] if failed and bad else tasks[-1]
        self.server.run["end_date"] = instant(datetime.now(tz=timezone.utc))
        context = RuntimeTaskInstance(self._job(task, -1), task).get_template_context()
        context["reason"] = "task_failure" if failed else "success"
        call_each(callbacks, context, "DAG callback")

    def run_task(self, task: Any) -> str:
        """Run a task, or all instances of a mapped one; the state of the whole."""
        whole = self._run_mapped(task) if task.is_mapped or mapped_groups(task) else self._run_index(task, -1)
        self.server.states[task.task_id, -1] = whole
        return whole

    def _run_mapped(self, task: Any) -> str:
        state = self._sources(task) or self._told(task, -1)
        if state is None and not mapped_groups(task):
            state = _wanted(task, self._upstream(task, -1))
        if state is not None:
            return state
        states = []
        for index in range(self._length(task)):
            states.append(self._run_index(task, index))
            self.server.states[task.task_id, index] = states[-1]
        if all(state == "skipped" for state in states):
            return "skipped"
        return next((bad for bad in ("failed", "upstream_failed") if bad in states), "success")

    def _sources(self, task: Any) -> str | None:
        """How a mapped task ends without running because of what it maps over."""
        nodes = [*mapped_groups(task), *([task] if task.is_mapped else [])]
        states = [self.server.states.get((up.task_id, -1)) for node in nodes for up in node.iter_mapped_dependencies()]
        unmapped = [state for state in states if state is not None]
        if any(state in _UPSTREAM_BAD for state in unmapped):
            return "upstream_failed"
        return "skipped" if "skipped" in unmapped else None

    def _length(self, task: Any) -> int:
        context = RuntimeTaskInstance(self._job(task, -1), task).get_template_context()
        length = prod(group.expand_input.length(context) for group in mapped_groups(task))
        number: int = length * (task.expand_input.length(context) if task.is_mapped else 1)
        return number

    def _told(self, task: Any, index: int) -> str | None:
        return "skipped" if {(task.task_id, -1), (task.task_id, index)} & self.skipped else None

    def _upstream(self, task: Any, index: int) -> list[tuple[Any, str]]:
        """Upstream tasks and the states of those of their instances that an instance looks at."""
        ti = RuntimeTaskInstance(self._job(task, index), task)
        found: list[tuple[Any, str]] = []
        for up_id in sorted(task.upstream_task_ids):
            up = task.dag.task_dict[up_id]
            of_up = {at: state for (task_id, at), state in self.server.states.items() if task_id == up_id}
            relevant = ti.relevant_indexes(up)
            if isinstance(relevant, int):
                relevant = range(relevant, relevant + 1)
            chosen = [state for at, state in of_up.items() if at >= 0 and (relevant is None or at in relevant)]
            found.extend((up, state) for state in chosen or [of_up.get(-1, "success")])
        return found

    def _run_index(self, task: Any, index: int) -> str:
        if self.success_pattern and re.match(self.success_pattern, task.task_id):
            return "success"
        return self._told(task, index) or _wanted(task, self._upstream(task, index)) or self._run_one(task, index)

    def _job(self, task: Any, index: int, try_number: int = 1) -> dict[str, Any]:
        return {
            "dag_id": task.dag_id,
            "task_id": task.task_id,
            "try_id": "00000000-0000-8000-8000-000000000000",
            "try_number": try_number,
            "max_tries": _attempts(task) - 1,
            "map_index": index,
            "run": self.server.run,
            "owner": task.owner,
        }

    def _run_one(self, task: Any, index: int) -> str:
        self.server.current = (task.task_id, index)
        for try_number in range(1, _attempts(task) + 1):
            job = self._job(task, index, try_number)
            run.set_environment(job)
            # Rendering changes the task, and other tries and instances start from what the file says.
            outcome = self._to_its_end(job, task)
            for key, value in outcome.xcoms.items():
                self.server.xcoms[task.task_id, index, key] = value
            self.skipped |= {(task_id, index) for task_id in outcome.skip}
            if outcome.state != "up_for_retry":
                return outcome.state
        return "failed"

    def _to_its_end(self, job: dict[str, Any], task: Any) -> Outcome:
        """One try: every look of a sensor, and all its parts if it defers, with its triggers in this process."""
        from airflow._runtime import inline_trigger

        started = instant(datetime.now(tz=timezone.utc))
        while True:
            outcome = run.try_task(job, task.prepare_for_execution())
            if outcome.state == "up_for_reschedule":
                time.sleep(1)
                continue
            if outcome.state != "deferred" or outcome.deferral is None:
                return outcome
            said = inline_trigger.wait(outcome.deferral)
            if "end" in said:
                return Outcome(said["end"], xcoms=said["xcoms"])
            job = {**job, "resume": {**said["resume"], "started_at": started}}


def _attempts(task: Any) -> int:
    return 1 + (task.retries if isinstance(task.retries, int) else 0)


def _wanted(task: Any, upstream: list[tuple[Any, str]]) -> str | None:
    """A state that an instance gets without running, or None if its trigger rule lets it go."""
    ups = [state for _, state in upstream]
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
    setups = [state for up, state in upstream if up.is_setup]
    if rule == "all_done_setup_success":
        if setups and setups.count("skipped") == len(setups):
            return "skipped"
        return "upstream_failed" if setups and "success" not in setups else None
    may_go = {
        "all_failed": bad == len(ups),
        "all_skipped": skipped == len(ups),
        "none_skipped": not skipped,
        "one_success": good > 0,
        "one_failed": bad > 0,
        "one_done": good + bad > 0,
        "all_done_min_one_success": good > 0,
    }[rule]
    return None if may_go else "skipped"


def _read_files(conn_file_path: str | None, variable_file_path: str | None) -> None:
    import json

    from airflow._runtime import local_store
    from airflow.sdk.definitions.connection import Connection

    stores: list[tuple[str | None, dict[str, Any]]] = [
        (conn_file_path, cast("dict[str, Any]", local_store.connections)),
        (variable_file_path, cast("dict[str, Any]", local_store.variables)),
    ]
    for path, store in stores:
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
                store[name] = Connection(conn_id=name, uri=value).to_dict() | {"extra": Connection(uri=value).extra}
            else:
                store[name] = value
