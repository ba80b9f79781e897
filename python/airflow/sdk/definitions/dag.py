"""The DAG: what a file describes, with the constructor arguments of every Airflow era."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from airflow.models._lookups import DagLookups
from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext, caller
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.definitions.taskgroup import TaskGroup
from airflow.sdk.exceptions import AirflowException, DuplicateTaskIdFound, TaskNotFound

if TYPE_CHECKING:
    import jinja2

    from airflow.sdk.definitions.param import ParamsDict

__all__ = ["DAG", "dag"]

# Arguments of older eras that have no meaning here; they are taken so that old files load.
_WITHOUT_EFFECT = frozenset({"default_view", "full_filepath", "orientation"})


class DAG(DagLookups):
    """Tasks, the order between them and when they run."""

    absorbed_by: DAG | None = None  # the outer DAG, once a SubDagOperator has taken the tasks

    def __init__(
        self,
        dag_id: str,
        description: str | None = None,
        schedule: Any = NOTSET,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        full_filepath: str | None = None,
        template_searchpath: str | Iterable[str] | None = None,
        template_undefined: type[jinja2.StrictUndefined] | None = None,
        user_defined_macros: dict[str, Any] | None = None,
        user_defined_filters: dict[str, Any] | None = None,
        default_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
        max_active_runs: int | None = None,
        dagrun_timeout: timedelta | None = None,
        *,
        schedule_interval: Any = NOTSET,
        timetable: Any = None,
        max_active_tasks: int | None = None,
        max_consecutive_failed_dag_runs: int | None = None,
        sla_miss_callback: Any = None,
        default_view: str | None = None,
        orientation: str | None = None,
        catchup: bool | None = None,
        on_success_callback: Any = None,
        on_failure_callback: Any = None,
        doc_md: str | None = None,
        params: Mapping[str, Any] | None = None,
        access_control: dict[str, Any] | None = None,
        is_paused_upon_creation: bool | None = None,
        jinja_environment_kwargs: dict[str, Any] | None = None,
        render_template_as_native_obj: bool = False,
        tags: Collection[str] | None = None,
        owner_links: dict[str, str] | None = None,
        auto_register: bool = True,
        fail_stop: bool = False,
        fail_fast: bool = False,
        dag_display_name: str | None = None,
        deadline: Any = None,
        allowed_run_types: Any = None,
        disable_bundle_versioning: bool | None = None,
        rerun_with_latest_version: bool | None = None,
    ) -> None:
        from airflow.sdk.bases.operator import check_key

        if not isinstance(dag_id, str):
            raise TypeError(f"dag_id must be text, not {dag_id!r}")
        check_key(dag_id, "dag_id")
        if description is not None and not isinstance(description, str):
            raise TypeError(f"description of DAG {dag_id!r} must be text, not {description!r}")
        self.dag_id = dag_id
        self.description = description
        self.default_args: dict[str, Any] = dict(default_args or {})
        self.fileloc, self._line = caller()
        if full_filepath:
            self.fileloc = full_filepath
        self.template_searchpath = (
            [template_searchpath] if isinstance(template_searchpath, str) else list(template_searchpath or ())
        )
        self.template_undefined = template_undefined
        self.user_defined_macros = user_defined_macros
        self.user_defined_filters = user_defined_filters
        self.jinja_environment_kwargs = jinja_environment_kwargs
        self.render_template_as_native_obj = bool(render_template_as_native_obj)
        self._set_dates(start_date, end_date)
        self.max_active_tasks = _limit(
            max_active_tasks if max_active_tasks is not None else concurrency, "max_active_tasks", dag_id
        )
        self.max_active_runs = _limit(max_active_runs, "max_active_runs", dag_id)
        self.max_consecutive_failed_dag_runs = _limit(
            max_consecutive_failed_dag_runs, "max_consecutive_failed_dag_runs", dag_id
        )
        if dagrun_timeout is not None and not isinstance(dagrun_timeout, timedelta):
            raise TypeError(f"dagrun_timeout of DAG {dag_id!r} must be a timedelta, not {dagrun_timeout!r}")
        self.dagrun_timeout = dagrun_timeout
        self._catchup = catchup
        self.on_success_callback = on_success_callback
        self.on_failure_callback = on_failure_callback
        self.sla_miss_callback = sla_miss_callback
        self.doc_md = _read_doc(doc_md, self.fileloc)
        self.access_control = access_control
        self.is_paused_upon_creation = is_paused_upon_creation
        self.tags: set[str] = _check_tags(tags, dag_id)
        self.owner_links = dict(owner_links or {})
        self.auto_register = auto_register
        self.fail_fast = bool(fail_fast or fail_stop)
        self.dag_display_name = dag_display_name or dag_id
        self.deadline = _check_deadlines(deadline, dag_id)
        self.allowed_run_types = allowed_run_types
        self.disable_bundle_versioning = disable_bundle_versioning
        self.rerun_with_latest_version = rerun_with_latest_version
        self.partial = False
        self.edge_info: dict[str, dict[str, dict[str, Any]]] = {}
        self.task_dict: dict[str, Any] = {}
        self.task_group = TaskGroup.create_root(self)
        self._params_given = {**(self.default_args.pop("params", None) or {}), **(params or {})}
        self._params: ParamsDict | None = None
        given = [
            x for x in (schedule, schedule_interval, timetable if timetable is not None else NOTSET) if x is not NOTSET
        ]
        if len(given) > 1:
            raise ValueError(f"DAG {dag_id!r} has more than one of schedule, schedule_interval and timetable")
        self._old_style_schedule = schedule_interval is not NOTSET
        self.schedule = given[0] if given else None
        from airflow.timetables._choose import timetable_for

        self.timetable = timetable_for(self)

    def _set_dates(self, start_date: datetime | None, end_date: datetime | None) -> None:
        from airflow.sdk.timezone import default_tzinfo

        default_start = self.default_args.get("start_date")
        zone: tzinfo | None = None
        for name, date in (("start_date", start_date), ("start_date", default_start), ("end_date", end_date)):
            if isinstance(date, str):
                from airflow.sdk.timezone import parse

                date = parse(date)
                if name == "start_date" and start_date is None:
                    self.default_args["start_date"] = date
            if date is not None and not isinstance(date, datetime):
                raise TypeError(f"{name} of DAG {self.dag_id!r} must be a datetime, not {date!r}")
            if date is not None and date.tzinfo is not None and zone is None and name == "start_date":
                zone = date.tzinfo
        self._tzinfo: tzinfo = zone or default_tzinfo()
        self.start_date = self._aware(start_date if start_date is not None else self.default_args.get("start_date"))
        self.end_date = self._aware(end_date if end_date is not None else self.default_args.get("end_date"))

    def _aware(self, date: datetime | str | None) -> datetime | None:
        if isinstance(date, str):
            from airflow.sdk.timezone import parse

            date = parse(date, self._tzinfo)
        if date is not None and date.tzinfo is None:
            return date.replace(tzinfo=self._tzinfo)
        return date

    # What it is.

    @property
    def deadlines(self) -> list[Any]:
        """All deadlines of its runs."""
        if not self.deadline:
            return []
        return list(self.deadline) if isinstance(self.deadline, Iterable) else [self.deadline]

    @property
    def timezone(self) -> Any:
        """The zone that schedules are in: the start date's, else the default one."""
        from airflow.sdk.timezone import coerce_timezone

        return coerce_timezone(self._tzinfo)

    @property
    def timezone_name(self) -> str:
        """IANA name or offset of the zone."""
        from airflow.sdk.timezone import timezone_name

        return timezone_name(self._tzinfo)

    @property
    def catchup(self) -> bool:
        """Whether runs that were missed are created; ``[scheduler] catchup_by_default`` if nobody said."""
        if self._catchup is None:
            from airflow.configuration import conf

            return conf.getboolean("scheduler", "catchup_by_default", fallback=False)
        return self._catchup

    @catchup.setter
    def catchup(self, value: bool) -> None:
        self._catchup = value

    @property
    def params(self) -> ParamsDict:
        """What a run can be given."""
        if self._params is None:
            from airflow.sdk.definitions.param import ParamsDict

            self._params = ParamsDict(self._params_given)
        return self._params

    @params.setter
    def params(self, value: Mapping[str, Any]) -> None:
        self._params_given = dict(value)
        self._params = None

    @property
    def schedule_interval(self) -> Any:
        """The schedule as it was written."""
        return self.schedule

    @property
    def concurrency(self) -> int | None:
        """Older name of ``max_active_tasks``."""
        return self.max_active_tasks

    @property
    def filepath(self) -> str:
        """The file."""
        return self.fileloc

    full_filepath = filepath

    @property
    def folder(self) -> str:
        """The file's folder."""
        return os.path.dirname(self.fileloc)

    @property
    def relative_fileloc(self) -> str:
        """The file, relative to the DAG folder if it is below it."""
        from airflow.configuration import conf

        return os.path.relpath(self.fileloc, conf.get("core", "dags_folder"))

    @property
    def owner(self) -> str:
        """The tasks' owners, separated by commas."""
        return ", ".join(sorted({task.owner for task in self.tasks}))

    @property
    def is_subdag(self) -> bool:
        """False: there are no sub-DAGs."""
        return False

    @property
    def fail_stop(self) -> bool:
        """Older name of ``fail_fast``."""
        return self.fail_fast

    # Tasks.

    @property
    def tasks(self) -> list[Any]:
        """All tasks, in the order of the file."""
        return list(self.task_dict.values())

    @property
    def task_ids(self) -> list[str]:
        """Ids of all tasks."""
        return list(self.task_dict)

    @property
    def roots(self) -> list[Any]:
        """Tasks without upstream tasks."""
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self) -> list[Any]:
        """Tasks without downstream tasks."""
        return [task for task in self.tasks if not task.downstream_task_ids]

    @property
    def teardowns(self) -> list[Any]:
        """Teardown tasks."""
        return [task for task in self.tasks if task.is_teardown]

    @property
    def task_group_dict(self) -> dict[str, Any]:
        """Groups by id."""
        return {key: group for key, group in self.task_group.get_task_group_dict().items() if key is not None}

    def _adopt(self, task: Any) -> None:
        """Take a task in; called by the task."""
        if self.absorbed_by is not None:
            raise AirflowException(
                f"task {task.task_id!r} comes too late: DAG {self.dag_id!r} has become a task group of "
                f"{self.absorbed_by.dag_id!r}; make its tasks before the SubDagOperator"
            )
        known = self.task_dict.get(task.task_id)
        if known is not None and known is not task:
            raise DuplicateTaskIdFound(f"task id {task.task_id!r} is used twice in DAG {self.dag_id!r}")
        if self.fail_fast and task.trigger_rule not in ("all_success", "all_done_setup_success"):
            from airflow.sdk.exceptions import FailFastDagInvalidTriggerRule

            raise FailFastDagInvalidTriggerRule(
                f"DAG {self.dag_id!r} is fail_fast, so its tasks must have trigger_rule all_success; "
                f"task {task.task_id!r} has {str(task.trigger_rule)!r}"
            )
        self.task_dict[task.task_id] = task
        # A task's dates are never outside of its DAG's.
        if self.start_date is not None:
            own = self._aware(task.start_date)
            task.start_date = self.start_date if own is None else max(own, self.start_date)
        if self.end_date is not None:
            own = self._aware(task.end_date)
            task.end_date = self.end_date if own is None else min(own, self.end_date)

    def add_task(self, task: Any) -> None:
        """Put a task in."""
        if task.has_dag() and task.dag is self:
            return
        task.dag = self

    def add_tasks(self, tasks: Iterable[Any]) -> None:
        """Put tasks in."""
        for task in tasks:
            self.add_task(task)

    def has_task(self, task_id: str) -> bool:
        """Whether there is such a task."""
        return task_id in self.task_dict

    def has_task_group(self, task_group_id: str) -> bool:
        """Whether there is such a group."""
        return task_group_id in self.task_group_dict

    def get_task(self, task_id: str, include_subdags: bool = False) -> Any:
        """A task by id."""
        try:
            return self.task_dict[task_id]
        except KeyError:
            raise TaskNotFound(f"DAG {self.dag_id!r} has no task {task_id!r}") from None

    def topological_sort(self, include_subdag_tasks: bool = False) -> tuple[Any, ...]:
        """Tasks, each after those it depends on."""
        from airflow.sdk.definitions._internal.topology import sort_tasks

        return tuple(sort_tasks(self.tasks))

    def check_cycle(self) -> None:
        """Raise if the dependencies form a circle."""
        self.topological_sort()

    def validate(self) -> None:
        """Raise if something about the DAG makes no sense."""
        self.timetable.validate()
        self.check_cycle()
        if self.schedule is not None and self._params_given:
            self._check_params_of_schedule()

    def _check_params_of_schedule(self) -> None:
        """Nobody gives values to scheduled runs, so the defaults must fit."""
        from airflow.sdk.exceptions import ParamValidationError

        try:
            self.params.validate()
        except ParamValidationError as error:
            raise ParamValidationError(
                f"DAG {self.dag_id!r} has a schedule, so all its params need defaults that fit them: {error}"
            ) from None

    def set_dependency(self, upstream_task_id: str, downstream_task_id: str) -> None:
        """Put one task before another, by id."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def get_edge_info(self, upstream_task_id: str, downstream_task_id: str) -> dict[str, Any]:
        """What is known of an edge, such as its label."""
        return self.edge_info.get(upstream_task_id, {}).get(downstream_task_id, {})

    def set_edge_info(self, upstream_task_id: str, downstream_task_id: str, info: dict[str, Any]) -> None:
        """Say something of an edge."""
        self.edge_info.setdefault(upstream_task_id, {})[downstream_task_id] = info

    def partial_subset(
        self,
        task_ids: Any = None,
        include_downstream: bool = False,
        include_upstream: bool = True,
        include_direct_upstream: bool = False,
        **kwargs: Any,
    ) -> DAG:
        """A copy with only the tasks of the given ids (text matches as a regular expression) and their neighbours."""
        from airflow.sdk.definitions._internal.subset import subset

        task_ids = kwargs.pop("task_ids_or_regex", task_ids)
        return subset(self, task_ids, include_downstream, include_upstream, include_direct_upstream)

    def sub_dag(self, *args: Any, **kwargs: Any) -> DAG:
        """Older name of :meth:`partial_subset`."""
        return self.partial_subset(*args, **kwargs)

    def tree_view(self) -> None:
        """Print the tasks as a tree."""

        def show(task: Any, depth: int) -> None:
            print(" " * depth * 4 + str(task))
            for down in task.downstream_list:
                show(down, depth + 1)

        for root in self.roots:
            show(root, 0)

    # Templates.

    def get_template_env(self, *, force_sandboxed: bool = False) -> jinja2.Environment:
        """The Jinja environment of its tasks."""
        known = self.__dict__.get("_template_env")
        if known is None:
            from airflow._runtime.jinja import environment

            known = self.__dict__["_template_env"] = environment(
                [self.folder, *map(os.fspath, self.template_searchpath)],
                self.template_undefined,
                self.jinja_environment_kwargs,
                self.user_defined_macros,
                self.user_defined_filters,
                native=self.render_template_as_native_obj and not force_sandboxed,
            )
        return known

    def resolve_template_files(self) -> None:
        """Read the template files that tasks name."""
        for task in self.tasks:
            task.resolve_template_files()

    # Running.

    def test(self, *args: Any, **kwargs: Any) -> Any:
        """Run every task once in this process, for trying a file out."""
        from airflow._runtime.dag_test import run_dag

        return run_dag(self, *args, **kwargs)

    def add_result(self, value: Any) -> Any:
        """Make the return value of a task the result of the DAG's runs; also what a ``@dag`` function returns."""
        from airflow.sdk.definitions.xcom_arg import PlainXComArg

        if not isinstance(value, PlainXComArg) or value.key != "return_value":
            raise ValueError("the result of a DAG is the plain return value of a task")
        value.operator.returns_dag_result = True
        return value

    def cli(self) -> None:
        """The command line of a single DAG."""
        raise AirflowException("DAG.cli() is gone; use the command 'tradewind dags' or 'tradewind tasks'")

    def __enter__(self) -> DAG:
        DagContext.push(self)
        TaskGroupContext.push(self.task_group)
        return self

    def __exit__(self, *exc: Any) -> None:
        TaskGroupContext.pop()
        DagContext.pop()

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    def __lt__(self, other: DAG) -> bool:
        return self.dag_id < other.dag_id


def _limit(value: Any, name: str, dag_id: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} of DAG {dag_id!r} must be a whole number, not {value!r}")
    if value < 0:
        raise ValueError(f"{name} of DAG {dag_id!r} is {value}; it can't be negative")
    return value


def _check_deadlines(deadline: Any, dag_id: str) -> Any:
    if not deadline:
        return None
    from airflow.sdk.definitions.deadline import DeadlineAlert

    alerts = deadline if isinstance(deadline, Iterable) else [deadline]
    for alert in alerts:
        if not isinstance(alert, DeadlineAlert):
            raise TypeError(f"deadline of DAG {dag_id!r} must be a DeadlineAlert or a list of them, not {alert!r}")
    return deadline


def _check_tags(tags: Collection[str] | None, dag_id: str) -> set[str]:
    if isinstance(tags, str):
        raise TypeError(f"tags of DAG {dag_id!r} must be a list of texts, not a text")
    for tag in tags or ():
        if not isinstance(tag, str):
            raise TypeError(f"tag {tag!r} of DAG {dag_id!r} is not text")
        if len(tag) > 100:
            raise AirflowException(f"tag {tag!r} of DAG {dag_id!r} is longer than 100 characters")
    return set(tags or ())


def _read_doc(doc_md: str | None, fileloc: str) -> str | None:
    if doc_md is None or not doc_md.endswith(".md") or "\n" in doc_md:
        return doc_md
    for path in (doc_md, os.path.join(os.path.dirname(fileloc), doc_md)):
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    return doc_md


def dag(dag_id: Any = "", **kwargs: Any) -> Callable[..., Any]:
    """Turn a function that makes tasks into a function that makes the DAG; its parameters become params."""
    if callable(dag_id):
        return _dag_factory(dag_id, "", kwargs)
    return lambda function: _dag_factory(function, dag_id, kwargs)


def _dag_factory(function: Callable[..., Any], dag_id: str, dag_kwargs: dict[str, Any]) -> Callable[..., DAG]:
    import inspect

    from airflow.sdk.definitions.param import DagParam
    from airflow.sdk.definitions.xcom_arg import PlainXComArg

    signature = inspect.signature(function)

    @functools.wraps(function)
    def factory(*args: Any, **kwargs: Any) -> DAG:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        made = DAG(dag_id or function.__name__, **dag_kwargs)
        made.fileloc = function.__code__.co_filename
        if function.__doc__ and made.doc_md is None:
            made.doc_md = inspect.cleandoc(function.__doc__)
        with made:
            stand_ins = {name: DagParam(made, name, value) for name, value in bound.arguments.items()}
            returned = function(**stand_ins)
            if isinstance(returned, PlainXComArg) and returned.key == "return_value":
                made.add_result(returned)
        return made

    return factory
