"""Looking up runs and task instances by what DAG files of Airflow 1 and 2 know of them: ids, dates and states."""

from __future__ import annotations

from typing import Any

from airflow.models._query import MOST_RUNS, Condition, Queryable, find_runs, plain

RUN_COLUMNS = (
    *("conf", "dag_id", "data_interval_end", "data_interval_start", "end_date", "execution_date", "external_trigger"),
    *("logical_date", "queued_at", "run_id", "run_type", "start_date", "state"),
)
_TI_COLUMNS = (
    *("dag_id", "end_date", "execution_date", "logical_date", "map_index", "run_id", "start_date", "state", "task_id"),
    "try_number",
)


def _several(value: Any) -> list[Any]:
    """A value, or the values of a list of them; none for None."""
    if value is None:
        return []
    return [plain(one) for one in value] if isinstance(value, (list, tuple, set, frozenset)) else [plain(value)]


class DagRunLookups:
    """Class methods of ``DagRun``."""

    @classmethod
    def find(
        cls,
        dag_id: str | list[str] | None = None,
        run_id: Any = None,
        execution_date: Any = None,
        state: Any = None,
        external_trigger: bool | None = None,
        no_backfills: bool = False,
        run_type: Any = None,
        session: Any = None,
        execution_start_date: Any = None,
        execution_end_date: Any = None,
        logical_date: Any = None,
    ) -> list[Any]:
        """Runs, the oldest logical date first. Airflow's own arguments; None leaves one open."""
        wanted = {
            "dag_id": _several(dag_id),
            "run_id": _several(run_id),
            "state": _several(state),
            "run_type": _several(run_type),
            "execution_date": _several(execution_date) + _several(logical_date),
        }
        conditions = [Condition(name, "in", values) for name, values in wanted.items() if values]
        if execution_start_date is not None:
            conditions.append(Condition("execution_date", ">=", execution_start_date))
        if execution_end_date is not None:
            conditions.append(Condition("execution_date", "<=", execution_end_date))
        found = [run for run in find_runs(conditions, [], None) if all(c.holds(run) for c in conditions)]
        if external_trigger is not None:
            found = [run for run in found if run.external_trigger == external_trigger]
        return [run for run in found if not (no_backfills and run.is_backfill)]

    @classmethod
    def find_duplicate(cls, dag_id: str, run_id: str, execution_date: Any = None, **kwargs: Any) -> Any:
        """A run with that id or that date, or None."""
        found = cls.find(dag_id=dag_id, run_id=run_id)
        if not found and execution_date is not None:
            found = cls.find(dag_id=dag_id, execution_date=execution_date)
        return found[0] if found else None

    @classmethod
    def get_run(cls, session: Any, dag_id: str, execution_date: Any) -> Any:
        """The run of a date, or None."""
        found = cls.find(dag_id=dag_id, execution_date=execution_date)
        return found[0] if found else None


def newest_run(dag_id: str, **kwargs: Any) -> Any:
    """The run of a DAG with the newest logical date, or None."""
    from airflow._runtime import supervisor
    from airflow.sdk.execution_time.task_instance import DagRun

    for row in supervisor.call("run_find", dag_ids=[dag_id], descending=True, limit=MOST_RUNS):
        run = DagRun(row["dag_id"], row)
        if all(getattr(run, name) == value for name, value in kwargs.items()):
            return run
    return None


class DagRunMeta(Queryable, columns=RUN_COLUMNS):
    """Lets ``DagRun.state`` and the like stand in queries."""


class TaskInstanceMeta(Queryable, columns=_TI_COLUMNS):
    """Lets ``TaskInstance(task, execution_date)`` look a task instance up, as in Airflow 1 and 2."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else kwargs.get("job")
        if isinstance(first, dict):
            return super().__call__(*args, **kwargs)
        return _looked_up(cls, *args, **kwargs)


def _looked_up(
    kind: Any,
    task: Any,
    execution_date: Any = None,
    run_id: str | None = None,
    state: str | None = None,
    map_index: int = -1,
) -> Any:
    """The task instance of a run; of a run that may yet come, if nobody can be asked."""
    from airflow._runtime import supervisor
    from airflow._serialize.values import instant

    found = None
    if supervisor.available():
        kind_of_run = _dag_run()
        if run_id is not None:
            found = next(iter(kind_of_run.find(dag_id=task.dag_id, run_id=run_id)), None)
        elif execution_date is not None:
            found = kind_of_run.get_run(None, task.dag_id, execution_date)
    date = instant(execution_date)
    run = found._data if found is not None else {"run_id": run_id or f"manual__{date}", "logical_date": date}
    if found is None:
        run |= {"data_interval_start": date, "data_interval_end": date, "run_after": date}
    job = {"dag_id": task.dag_id, "task_id": task.task_id, "map_index": map_index, "run": run}
    task.__dict__.pop("_init_done", None)  # what is assigned to a task that is about to run makes no dependencies
    ti = type.__call__(kind, {**job, "try_number": 0, "try_id": ""}, task)
    row = found.get_task_instance(task.task_id, map_index=map_index) if found is not None else None
    ti.state = state if row is None else row.state
    if row is not None:
        ti.try_number, ti.end_date = row.try_number, row.end_date
    ti.current_state = lambda session=None: _state_now(ti)
    ti.refresh_from_db = lambda *args, **kwargs: setattr(ti, "state", _state_now(ti))
    return ti


def _state_now(ti: Any) -> str | None:
    """The state of a task instance as it is now."""
    from airflow._runtime import supervisor

    if not supervisor.available():
        known: str | None = ti.state
        return known
    row = ti.dag_run.get_task_instance(ti.task_id, map_index=ti.map_index)
    state: str | None = None if row is None else row.state
    return state


def _dag_run() -> Any:
    from airflow.sdk.execution_time.task_instance import DagRun

    return DagRun


class DagLookups:
    """What a DAG knows of its runs."""

    dag_id: str

    def get_dagrun(self, execution_date: Any = None, run_id: str | None = None, session: Any = None) -> Any:
        """The run of a date or id, or None."""
        if execution_date is None and run_id is None:
            raise TypeError("get_dagrun needs execution_date or run_id")
        found = _dag_run().find(dag_id=self.dag_id, run_id=run_id, execution_date=execution_date)
        return found[0] if found else None

    def get_last_dagrun(self, session: Any = None, include_externally_triggered: bool = False) -> Any:
        """The newest run by logical date; of those that the schedule made, unless others are wanted too."""
        return newest_run(self.dag_id, **({} if include_externally_triggered else {"external_trigger": False}))

    def get_latest_execution_date(self, session: Any = None) -> Any:
        """The newest logical date of a run, or None."""
        run = newest_run(self.dag_id)
        return None if run is None else run.logical_date

    latest_execution_date = property(get_latest_execution_date)

    def get_active_runs(self) -> list[Any]:
        """Logical dates of the runs that are running."""
        return [run.logical_date for run in _dag_run().find(dag_id=self.dag_id, state="running")]

    def get_num_active_runs(self, external_trigger: bool | None = None, session: Any = None) -> int:
        """Number of running runs."""
        return len(_dag_run().find(dag_id=self.dag_id, state="running", external_trigger=external_trigger))

    def get_is_paused(self, session: Any = None) -> bool:
        """Whether the DAG is paused."""
        from airflow.models.orm import DagModel

        known = DagModel.get_dagmodel(self.dag_id)
        return bool(known is not None and known.is_paused)

    def get_task_instances(
        self, start_date: Any = None, end_date: Any = None, state: Any = None, **_: Any
    ) -> list[Any]:
        """Task instances of the runs between two logical dates."""
        runs = _dag_run().find(dag_id=self.dag_id, execution_start_date=start_date, execution_end_date=end_date)
        return [ti for run in runs for ti in run.get_task_instances(state=state)]
