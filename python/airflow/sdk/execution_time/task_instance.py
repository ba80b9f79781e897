"""The running task instance: what ``ti`` is."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import takewhile
from math import prod
from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.wire import CallError
from airflow._runtime.xcom_backend import backend, from_store, to_store
from airflow._runtime.xcom_pull import XComPull
from airflow.models._lookups import TaskInstanceMeta
from airflow.sdk.definitions._internal.expandinput import mapped_groups
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.execution_time.dag_run import DagRun, TaskStateInfo, read_instant
from airflow.sdk.execution_time.lazy_sequence import LazyXComSequence
from airflow.sdk.timezone import coerce_datetime

XCOM_RETURN_KEY = "return_value"
__all__ = ["DagRun", "RuntimeTaskInstance", "TaskInstance", "TaskStateInfo", "read_instant"]


class RuntimeTaskInstance(metaclass=TaskInstanceMeta):
    """The try that runs in this process."""

    test_mode = False

    def __init__(self, job: dict[str, Any], task: Any) -> None:
        self.task = task
        self.task_id: str = job["task_id"]
        self.dag_id: str = job["dag_id"]
        self.run_id: str = job["run"]["run_id"]
        self.map_index: int = job.get("map_index", -1)
        self.try_number: int = job["try_number"]
        self.max_tries: int = job.get("max_tries", 0)
        self.id: str = job["try_id"]
        self.dag_run = DagRun(self.dag_id, job["run"])
        self.pool: str = job.get("pool", "default_pool")
        self.pool_slots: int = job.get("pool_slots", 1)
        self.queue: str = job.get("queue", "default")
        self.operator: str = job.get("operator", "")
        self.priority_weight: int = job.get("priority", 1)
        self.dag_version_id: int | None = job.get("dag_version")
        self.bundle: str = job.get("bundle", "")
        self.state = "running"
        self.pid = os.getpid()
        self.end_date: Any = None
        self.task_reschedule_count: int = job.get("reschedule_count") or 0
        self.rendered_map_index: str | None = None
        self._started = datetime.now(tz=timezone.utc)
        self.resume: dict[str, Any] | None = job.get("resume")
        self._first_started: str | None = job.get("first_started_at")
        self._hostname: str | None = None
        self._queued: str | None = job.get("queued_at")
        self.pushed: dict[str, Any] = {}
        self.to_skip: list[str] = []
        self._context: Any = None
        self._previous_success: Any = NOTSET

    # Identity.

    @property
    def log(self) -> logging.Logger:
        """The logger of tasks."""
        return logging.getLogger("airflow.task")

    @property
    def key(self) -> Any:
        """Ids and numbers that name the try."""
        from airflow.sdk.types import TaskInstanceKey

        return TaskInstanceKey(self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)

    @property
    def logical_date(self) -> Any:
        """The run's logical date."""
        return self.dag_run.logical_date

    execution_date = logical_date

    @property
    def start_date(self) -> Any:
        """When this process started on the try."""
        return coerce_datetime(self._started)

    @property
    def try_started(self) -> Any:
        """When the try started: its first part, if it has waited since."""
        return read_instant((self.resume or {}).get("started_at")) or self._started

    @property
    def queued_dttm(self) -> Any:
        """When the try was queued."""
        return read_instant(self._queued)

    @property
    def duration(self) -> float:
        """Seconds so far, or until its end."""
        return ((self.end_date or datetime.now(tz=timezone.utc)) - self._started).total_seconds()

    @property
    def hostname(self) -> str:
        """The machine's name."""
        if self._hostname is not None:
            return self._hostname
        from airflow.utils.net import get_hostname

        return get_hostname()

    @property
    def unixname(self) -> str:
        """The user that runs the task."""
        import getpass

        return getpass.getuser()

    @property
    def prev_attempted_tries(self) -> int:
        """Tries before this one."""
        return self.try_number - 1

    def ended(self, state: str | None, started: str | None, ended: str | None, hostname: str | None) -> None:
        """Take on what became of the try, in a process that did not run it."""
        self.state = state or self.state
        if started is not None:
            self._started = read_instant(started)
        self.end_date = read_instant(ended)
        self._hostname = hostname

    def is_eligible_to_retry(self) -> bool:
        """Whether another try is left after this one."""
        return self.try_number <= self.max_tries

    def _page(self, extra: str = "") -> str:
        from urllib.parse import quote

        from airflow.configuration import conf

        base = (
            conf.get("api", "base_url", fallback=None) or conf.get("webserver", "base_url", fallback=None) or ""
        ).rstrip("/")
        mapped = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        dag_id, run_id, task_id = (quote(text, safe="") for text in (self.dag_id, self.run_id, self.task_id))
        path = f"/dags/{dag_id}/runs/{run_id}/tasks/{task_id}"
        return f"{base or 'http://localhost:8080'}{path}{mapped}{extra}"

    @property
    def log_url(self) -> str:
        """The page with this try's log."""
        return self._page(f"?try_number={self.try_number}")

    @property
    def mark_success_url(self) -> str:
        """The page where the task instance can be marked."""
        return self._page()

    def get_template_context(self, **kwargs: Any) -> Any:
        """The context."""
        if self._context is None:
            from airflow._runtime.context import TaskContext

            self._context = TaskContext(self)
        return self._context

    def current_state(self, **kwargs: Any) -> str:
        """The state."""
        return self.state

    # XComs.

    def xcom_push(self, key: str, value: Any, execution_date: Any = None, session: Any = None) -> None:
        """Store a value under a key, for other tasks."""
        stored = to_store(value, key, self.dag_id, self.run_id, self.task_id, self.map_index)
        supervisor.call("xcom_set", key=key, value=stored)

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = XCOM_RETURN_KEY,
        include_prior_dates: bool = False,
        session: Any = None,
        *,
        map_indexes: int | Iterable[int] | None = None,
        default: Any = None,
        run_id: str | None = None,
    ) -> Any:
        """A value that a task pushed (a list of values if ``task_ids`` or ``map_indexes`` is a list)."""
        pull = XComPull(self, dag_id, key, include_prior_dates, run_id)
        if task_ids is None:
            found = pull.own_or_upstream(map_indexes)
            return default if found is NOTSET else found
        task_ids = pull.names(task_ids)
        if isinstance(task_ids, str):
            if map_indexes is None or isinstance(map_indexes, int):
                found = pull.one(task_ids, map_indexes)
                return default if found is NOTSET else found
            return [default if (v := pull.one(task_ids, index)) is NOTSET else v for index in map_indexes]
        values: list[Any] = []
        for task_id in task_ids:
            indexes = [map_indexes] if map_indexes is None or isinstance(map_indexes, int) else list(map_indexes)
            for index in indexes:
                found = pull.one(task_id, index)
                if found is not NOTSET and index is None and pull.is_mapped(task_id):
                    values.extend(found)
                else:
                    values.append(default if found is NOTSET else found)
        return values

    def pull_mapped(self, task_id: str, key: str) -> LazyXComSequence:
        """The values of all instances of a mapped task, in order, fetched as they are used."""
        return LazyXComSequence(task_id, key)

    def pull_item(self, task_id: str, key: str, item: int) -> Any:
        """One item of a list (or pair of a dict) that a task pushed."""
        if backend() is not None:  # the server can't look into what a backend stores
            value = from_store(supervisor.call("xcom_get", key=key, task_id=task_id), key)
            return list(value.items())[item] if isinstance(value, dict) else value[item]
        try:
            return from_store(supervisor.call("xcom_get", key=key, task_id=task_id, item=item), key)
        except CallError as error:
            if error.code == "not_found":
                raise IndexError(item) from None
            raise

    def relevant_indexes(self, operator: Any) -> int | range | None:
        """Which instances of another task belong to this one: -1 for a task that has one only, all of them (None) of
        a mapped task, and of a task in the same mapped group the one or those with the same place in that group."""
        groups = mapped_groups(operator)
        if not groups:
            return None if operator.is_mapped else -1
        mine = mapped_groups(self.task)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(groups, mine)))
        if not shared or self.map_index < 0:
            return None
        context = self.get_template_context()

        def count(inner: Any) -> int:
            return prod(group.expand_input.length(context) for group in inner[shared:])

        first = self.map_index // count(mine) if len(mine) > shared else self.map_index
        if len(groups) == shared:
            return first
        within = count(groups)
        return range(first * within, (first + 1) * within)

    def skip_tasks(self, task_ids: Sequence[str]) -> None:
        """Skip tasks when this one ends."""
        self.to_skip.extend(task_id for task_id in task_ids if task_id not in self.to_skip)
        self.log.info("Skipping tasks %s", sorted(self.to_skip))

    # Other runs and tasks.

    @property
    def previous_success(self) -> DagRun | None:
        """The newest earlier run that succeeded."""
        if self._previous_success is NOTSET:
            self._previous_success = self.get_previous_dagrun(state="success")
        result: DagRun | None = self._previous_success
        return result

    def get_dagrun(self, session: Any = None) -> DagRun:
        """The run."""
        return self.dag_run

    def get_previous_dagrun(self, state: Any = None, session: Any = None) -> DagRun | None:
        """The newest earlier run, by logical date."""
        data = supervisor.call_or_none("previous_run", state=None if state is None else str(state))
        return None if data is None else DagRun(self.dag_id, data)

    def get_previous_ti(self, state: Any = None, session: Any = None) -> TaskStateInfo | None:
        """This task in the newest earlier run."""
        run = self.get_previous_dagrun(state)
        return None if run is None else run.get_task_instance(self.task_id, map_index=self.map_index)

    @property
    def previous_ti(self) -> TaskStateInfo | None:
        """This task in the newest earlier run."""
        return self.get_previous_ti()

    @property
    def previous_ti_success(self) -> TaskStateInfo | None:
        """This task in the newest earlier run that succeeded."""
        return self.get_previous_ti("success")

    def get_previous_start_date(self, state: Any = None, session: Any = None) -> Any:
        """When this task started in the newest earlier run."""
        info = self.get_previous_ti(state)
        return info.start_date if info is not None else None

    def get_previous_execution_date(self, state: Any = None, session: Any = None) -> Any:
        """The logical date of the newest earlier run."""
        run = self.get_previous_dagrun(state)
        return run.logical_date if run is not None else None

    get_previous_logical_date = get_previous_execution_date

    def get_first_reschedule_date(self, context: Any = None) -> Any:
        """When the first poke of a rescheduling sensor started."""
        return read_instant(self._first_started)

    @property
    def first_start(self) -> Any:
        """When the first poke started, this one included."""
        return read_instant(self._first_started) or self.start_date

    @staticmethod
    def get_task_states(
        dag_id: str, run_ids: Sequence[str] | None = None, task_ids: Sequence[str] | None = None, **kwargs: Any
    ) -> dict[str, dict[str, Any]]:
        """States of tasks by run and task id."""
        if not run_ids:
            raise ValueError("get_task_states needs run_ids")
        found: dict[str, dict[str, Any]] = {}
        for run_id in run_ids:
            rows = supervisor.call("task_states", dag_id=dag_id, run_id=run_id, task_ids=list(task_ids or ()))
            found[run_id] = {
                row["task_id"] if row.get("map_index", -1) < 0 else f"{row['task_id']}_{row['map_index']}": row.get(
                    "state"
                )
                for row in rows
            }
        return found

    @staticmethod
    def get_dr_count(
        dag_id: str,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """Number of runs of a DAG."""
        from airflow._serialize.values import instant

        dates = [instant(date) for date in logical_dates or ()]
        chosen = [str(state) for state in states or ()]
        number: int = supervisor.call(
            "run_count", dag_id=dag_id, logical_dates=dates, run_ids=list(run_ids or ()), states=chosen
        )
        return number

    @staticmethod
    def get_dagrun_state(dag_id: str, run_id: str) -> str:
        """State of a run."""
        text: str = supervisor.call("run_get", dag_id=dag_id, run_id=run_id)["state"]
        return text

    @staticmethod
    def get_ti_count(
        dag_id: str,
        map_index: int | None = None,
        task_ids: Sequence[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """Number of task instances of a DAG's runs."""
        if logical_dates or task_group_id:
            raise TypeError("get_ti_count counts by run_ids and task_ids; name the runs and tasks themselves")
        rows = [
            row
            for run_id in run_ids or ()
            for row in supervisor.call("task_states", dag_id=dag_id, run_id=run_id, task_ids=list(task_ids or ()))
        ]
        wanted = None if states is None else {str(state) for state in states}
        return sum(
            (map_index is None or row.get("map_index", -1) == map_index)
            and (wanted is None or row.get("state") in wanted)
            for row in rows
        )

    def get_dag(self) -> Any:
        """The DAG."""
        return self.task.dag

    async def axcom_pull(self, *args: Any, **kwargs: Any) -> Any:
        """:meth:`xcom_pull` for coroutines."""
        return self.xcom_pull(*args, **kwargs)

    async def axcom_push(self, key: str, value: Any) -> None:
        """:meth:`xcom_push` for coroutines."""
        self.xcom_push(key, value)

    @property
    def stats_tags(self) -> dict[str, str]:
        """What metrics of the task are tagged with."""
        return {"dag_id": self.dag_id, "task_id": self.task_id}

    def expanded_count(self) -> int | None:
        """Number of instances of this mapped task."""
        if self.map_index < 0:
            return None
        rows = supervisor.call("task_states", task_ids=[self.task_id])
        return len(rows)

    def render_templates(self, context: Any = None, jinja_env: Any = None) -> Any:
        """Render the task's templated attributes."""
        self.task.render_template_fields(context or self.get_template_context(), jinja_env)
        return self.task

    def __repr__(self) -> str:
        mapped = f" map_index={self.map_index}" if self.map_index >= 0 else ""
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}{mapped} [{self.state}]>"


TaskInstance = RuntimeTaskInstance
