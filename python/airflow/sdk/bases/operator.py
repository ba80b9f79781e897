"""The base class of all tasks: the arguments that every operator takes, and what they mean."""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.definitions._internal.configured import (
    Configured,
    default_execution_timeout,
    default_retries,
    default_retry_delay,
)
from airflow.sdk.definitions._internal.construction import Construction, unless_nested, with_default_args
from airflow.sdk.definitions._internal.contextmanager import SetupTeardownContext
from airflow.sdk.definitions._internal.node import TaskNode
from airflow.sdk.definitions._internal.rules import check_trigger_rule, check_weight_rule
from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet, validate_instance_args
from airflow.sdk.definitions.edges import chain, chain_linear, cross_downstream
from airflow.sdk.exceptions import AirflowException, InvalidArguments

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.mappedoperator import OperatorPartial
    from airflow.sdk.definitions.param import ParamsDict
    from airflow.sdk.definitions.taskgroup import TaskGroup
    from airflow.sdk.definitions.xcom_arg import XComArg

__all__ = ["BaseAsyncOperator", "BaseOperator", "chain", "chain_linear", "cross_downstream"]

TaskStateChangeCallback = Callable[[Any], Any]


class OperatorMeta(abc.ABCMeta):
    """Gives every ``__init__`` of an operator class the DAG's, the groups' and the caller's ``default_args``."""

    def __new__(mcs, name: str, bases: tuple[Any, ...], namespace: dict[str, Any], **kwargs: Any) -> type:
        init = namespace.get("__init__")
        if init is not None:
            namespace["__init__"] = with_default_args(init)
        execute = namespace.get("execute")
        if isinstance(execute, FunctionType):
            namespace["execute"] = unless_nested(execute)
        return super().__new__(mcs, name, bases, namespace, **kwargs)


def _seconds(value: timedelta | float | int | None, name: str, task_id: str) -> timedelta | None:
    if value is None or isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise TypeError(f"{name} of task {task_id!r} is {value!r}; it must be a timedelta or a number of seconds")


# Arguments of older eras: still taken, without effect or under a new name.
_RENAMED_ARGUMENTS = {"task_concurrency": "max_active_tis_per_dag", "xcom_push": "do_xcom_push"}
_IGNORED_ARGUMENTS = frozenset({"adhoc", "provide_context", "schedule_interval"})


class BaseOperator(TaskNode, metaclass=OperatorMeta):
    """One task of a DAG. Subclasses say what it does in ``execute``."""

    operator_extra_links: Collection[Any] = ()
    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    ui_color: str = "#fff"
    ui_fgcolor: str = "#000"
    pool: str = "default_pool"
    shallow_copy_attrs: Sequence[str] = ()
    inherits_from_empty_operator = False
    start_trigger_args: Any = None
    start_from_trigger: bool = False
    is_mapped: ClassVar[bool] = False
    retries = Configured("retries", default_retries)
    retry_delay = Configured("retry_delay", default_retry_delay)
    execution_timeout = Configured("execution_timeout", default_execution_timeout)
    # What `__init__` puts into the instance's dict.
    _own_params: dict[str, Any]
    _logger_name: str | None
    _pre_execute_hook: Any
    _post_execute_hook: Any
    queue: str
    map_index_template: str | None

    def __init__(
        self,
        *,
        task_id: str,
        owner: str | ArgNotSet = NOTSET,
        email: str | Iterable[str] | None = None,
        email_on_retry: bool | ArgNotSet = NOTSET,
        email_on_failure: bool | ArgNotSet = NOTSET,
        retries: int | ArgNotSet | None = NOTSET,
        retry_delay: timedelta | float | ArgNotSet = NOTSET,
        retry_exponential_backoff: bool | float = 0,
        max_retry_delay: timedelta | float | None = None,
        retry_policy: Any = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        depends_on_past: bool = False,
        ignore_first_depends_on_past: bool = True,
        wait_for_past_depends_before_skipping: bool = False,
        wait_for_downstream: bool = False,
        dag: DAG | None = None,
        params: Mapping[str, Any] | None = None,
        default_args: dict[str, Any] | None = None,
        priority_weight: int = 1,
        weight_rule: Any = NOTSET,
        queue: str | None = None,
        pool: str | None = None,
        pool_slots: int = 1,
        sla: timedelta | None = None,
        execution_timeout: timedelta | ArgNotSet | None = NOTSET,
        on_execute_callback: Any = None,
        on_failure_callback: Any = None,
        on_success_callback: Any = None,
        on_retry_callback: Any = None,
        on_skipped_callback: Any = None,
        pre_execute: Any = None,
        post_execute: Any = None,
        trigger_rule: str = "all_success",
        resources: dict[str, Any] | None = None,
        run_as_user: str | None = None,
        map_index_template: str | None = None,
        max_active_tis_per_dag: int | None = None,
        max_active_tis_per_dagrun: int | None = None,
        executor: str | None = None,
        executor_config: dict[str, Any] | None = None,
        do_xcom_push: bool = True,
        multiple_outputs: bool = False,
        inlets: Any = None,
        outlets: Any = None,
        task_group: TaskGroup | None = None,
        doc: str | None = None,
        doc_md: str | None = None,
        doc_json: str | None = None,
        doc_yaml: str | None = None,
        doc_rst: str | None = None,
        task_display_name: str | None = None,
        logger_name: str | None = None,
        allow_nested_operators: bool = True,
        render_template_as_native_obj: bool | None = None,
        **kwargs: Any,
    ) -> None:
        state = self.__dict__
        construction: Construction = state["_construction"]
        if kwargs:
            renamed = self._take_old_arguments(task_id, kwargs)
            max_active_tis_per_dag = renamed.get("max_active_tis_per_dag", max_active_tis_per_dag)
            do_xcom_push = renamed.get("do_xcom_push", do_xcom_push)
        _check_task_id(task_id)
        dag = dag if dag is not None else construction.dag
        task_group = task_group if task_group is not None else construction.task_group
        if retry_exponential_backoff is True:
            retry_exponential_backoff = 2.0
        state.update(
            task_id=task_group.child_id(task_id) if task_group is not None else task_id,
            owner="airflow" if isinstance(owner, ArgNotSet) else owner,
            email=email,
            email_on_retry=_mail_by_default("retry") if isinstance(email_on_retry, ArgNotSet) else email_on_retry,
            email_on_failure=_mail_by_default("failure")
            if isinstance(email_on_failure, ArgNotSet)
            else email_on_failure,
            retries=_whole(retries, "retries", task_id),
            retry_delay=NOTSET if isinstance(retry_delay, ArgNotSet) else _seconds(retry_delay, "retry_delay", task_id),
            retry_exponential_backoff=float(retry_exponential_backoff or 0),
            max_retry_delay=_seconds(max_retry_delay, "max_retry_delay", task_id),
            retry_policy=retry_policy,
            start_date=start_date,
            end_date=end_date,
            depends_on_past=bool(depends_on_past or wait_for_downstream),
            ignore_first_depends_on_past=ignore_first_depends_on_past,
            wait_for_past_depends_before_skipping=wait_for_past_depends_before_skipping,
            wait_for_downstream=wait_for_downstream,
            priority_weight=priority_weight,
            weight_rule=check_weight_rule(weight_rule, task_id),
            queue=queue,
            pool=pool or "default_pool",
            pool_slots=_slots(pool_slots, task_id),
            sla=sla,
            execution_timeout=_timeout(execution_timeout, task_id),
            on_execute_callback=on_execute_callback,
            on_failure_callback=on_failure_callback,
            on_success_callback=on_success_callback,
            on_retry_callback=on_retry_callback,
            on_skipped_callback=on_skipped_callback,
            _pre_execute_hook=pre_execute,
            _post_execute_hook=post_execute,
            trigger_rule=check_trigger_rule(trigger_rule, task_id),
            resources=resources,
            run_as_user=run_as_user,
            map_index_template=map_index_template,
            max_active_tis_per_dag=max_active_tis_per_dag,
            max_active_tis_per_dagrun=max_active_tis_per_dagrun,
            executor=executor,
            executor_config=executor_config or {},
            do_xcom_push=do_xcom_push,
            multiple_outputs=multiple_outputs,
            doc=doc,
            doc_md=doc_md,
            doc_json=doc_json,
            doc_yaml=doc_yaml,
            doc_rst=doc_rst,
            _task_display_name=task_display_name,
            _logger_name=logger_name,
            allow_nested_operators=allow_nested_operators,
            render_template_as_native_obj=render_template_as_native_obj,
            upstream_task_ids=set(),
            downstream_task_ids=set(),
            _is_setup=False,
            _is_teardown=False,
            _on_failure_fail_dagrun=False,
            _dag=None,
            task_group=task_group,
            inlets=_as_list(inlets),
            outlets=_as_list(outlets),
        )
        own_params = {**construction.params, **(params or {})}
        state["_own_params"] = own_params
        for hook_name, hook in (("pre_execute", pre_execute), ("post_execute", post_execute)):
            if hook is not None and not callable(hook):
                raise TypeError(f"{hook_name} of task {task_id!r} must be callable, not {hook!r}")
        if task_group is not None:
            task_group.add(self)
        if dag is not None:
            self.dag = dag
        if isinstance(email, str) and not email:
            state["email"] = None

    def _take_old_arguments(self, task_id: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        from airflow.sdk.definitions._internal.old_names import warn_author

        taken: dict[str, Any] = {}
        for name in list(kwargs):
            new = _RENAMED_ARGUMENTS.get(name)
            if new is None and name not in _IGNORED_ARGUMENTS:
                continue
            value = kwargs.pop(name)
            if new is not None:
                taken[new] = value
            hint = f"call it {new!r}" if new else "it has no effect any more"
            warn_author(f"argument {name!r} of task {task_id!r} is of an older Airflow; {hint}")
        if kwargs:
            names = ", ".join(f"{name}={value!r}" for name, value in sorted(kwargs.items()))
            message = f"{type(self).__name__} (task_id: {task_id}) does not take these arguments: {names}"
            from airflow.configuration import conf

            if not conf.getboolean("operators", "allow_illegal_arguments", fallback=False):
                raise InvalidArguments(message)
            warn_author(message)
        return taken

    def _constructed(self) -> None:
        """After the outermost ``__init__``: take note of the upstream tasks whose values the arguments use."""
        state = self.__dict__
        state["_init_done"] = True
        if state.get("_dag") is not None:
            SetupTeardownContext.adopt(self)
        for name in self.template_fields:
            value = state.get(name)
            if value is not None and not isinstance(value, (str, int)):
                self._depend_on(value)
        self._check_arguments()

    def _check_arguments(self) -> None:
        """Hook: raise if the arguments together make no sense."""

    def _depend_on(self, value: Any) -> None:
        from airflow.sdk.definitions.xcom_arg import iter_references

        for operator in iter_references(value):
            if operator is not self:
                self.set_upstream(operator)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name in self.template_fields and "_init_done" in self.__dict__ and not isinstance(value, (str, int)):
            self._depend_on(value)

    # Who and where it is.

    @property
    def dag(self) -> DAG:
        """Its DAG."""
        if self._dag is None:
            raise RuntimeError(f"task {self.task_id!r} has no DAG yet")
        return self._dag

    @dag.setter
    def dag(self, dag: DAG | None) -> None:
        state = self.__dict__
        current = state.get("_dag")
        if dag is None:
            state["_dag"] = None
            return
        if current is dag:
            return
        if current is not None:
            raise AirflowException(
                f"task {self.task_id!r} is in DAG {current.dag_id!r} already and can't be put in {dag.dag_id!r} too"
            )
        if state.get("task_group") is None:
            state["task_group"] = dag.task_group
            dag.task_group.add(self)
        dag._adopt(self)
        state["_dag"] = dag

    @property
    def params(self) -> ParamsDict:
        """The DAG's params with the task's own over them."""
        known = self.__dict__.get("_params")
        if known is None:
            from airflow.sdk.definitions.param import ParamsDict

            known = ParamsDict(suppress_exception=True)
            if self._dag is not None:
                known.update(self._dag.params)
            known.update(self._own_params)
            self.__dict__["_params"] = known
        return known

    @params.setter
    def params(self, value: Any) -> None:
        from airflow.sdk.definitions.param import ParamsDict

        self.__dict__["_params"] = value if isinstance(value, ParamsDict) else ParamsDict(value)

    @property
    def log(self) -> logging.Logger:
        """The task's logger."""
        known = self.__dict__.get("_log")
        if known is None:
            kind = type(self)
            name = f"airflow.task.operators.{self._logger_name or f'{kind.__module__}.{kind.__qualname__}'}"
            known = self.__dict__["_log"] = logging.getLogger(name)
        return known

    @property
    def logger(self) -> logging.Logger:
        """The task's logger."""
        return self.log

    @property
    def task_type(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def operator_class(self) -> type:
        """The class."""
        return type(self)

    @property
    def operator_name(self) -> str:
        """How people see the class: ``custom_operator_name``, else its name."""
        return getattr(self, "custom_operator_name", None) or self.task_type

    # What it does.

    def pre_execute(self, context: Context) -> None:
        """Called before ``execute``; the argument ``pre_execute`` is called from here."""
        if self._pre_execute_hook is not None:
            from airflow._runtime.arguments import call_with_context

            call_with_context(self._pre_execute_hook, (), context)

    def execute(self, context: Context) -> Any:
        """The task's work; what it returns becomes its XCom."""
        raise NotImplementedError(f"{type(self).__name__} has no execute method")

    def post_execute(self, context: Context, result: Any = None) -> None:
        """Called after ``execute``; the argument ``post_execute`` is called from here."""
        if self._post_execute_hook is not None:
            from airflow._runtime.arguments import call_with_context

            call_with_context(self._post_execute_hook, (result,), context)

    def on_kill(self) -> None:
        """Called when a running task is stopped: end what it started elsewhere."""

    def defer(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | int | float | None = None,
    ) -> None:
        """Free the slot until a trigger fires, then go on in ``method_name``."""
        from airflow.sdk.exceptions import TaskDeferred

        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a trigger fired."""
        kwargs = next_kwargs or {}
        if next_method == "__fail__":
            from airflow.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout

            reason = kwargs.get("error", "Unknown")
            raise (TaskDeferralTimeout if reason == "Trigger timeout" else TaskDeferralError)(reason)
        return getattr(self, next_method)(context=context, **kwargs)

    def dry_run(self) -> None:
        """Log the templated attributes as they are."""
        for name in self.template_fields:
            self.log.info("Rendering template for %s\n%s", name, getattr(self, name, None))

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the attributes named in ``template_fields``, in place."""
        self._do_render_template_fields(self, self.template_fields, context, jinja_env, set())

    @property
    def output(self) -> XComArg:
        """Stands for what the task will return, in other tasks' arguments."""
        from airflow.sdk.definitions.xcom_arg import XComArg

        result: XComArg = XComArg(self)
        return result

    @staticmethod
    def xcom_push(context: Any, key: str, value: Any, execution_date: Any = None) -> None:
        """Push an XCom of the running task."""
        context["ti"].xcom_push(key=key, value=value)

    @staticmethod
    def xcom_pull(
        context: Any,
        task_ids: str | list[str] | None = None,
        dag_id: str | None = None,
        key: str = "return_value",
        include_prior_dates: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """Pull XComs of other tasks."""
        return context["ti"].xcom_pull(
            task_ids=task_ids, dag_id=dag_id, key=key, include_prior_dates=bool(include_prior_dates), **kwargs
        )

    @classmethod
    def partial(cls, *, task_id: str, **kwargs: Any) -> OperatorPartial:
        """Fix some arguments of a mapped task; ``expand`` then gives the others as lists."""
        from airflow.sdk.definitions.mappedoperator import OperatorPartial

        return OperatorPartial(cls, {"task_id": task_id, **kwargs})

    def unmap(self, resolve: Any = None) -> BaseOperator:
        """Itself: the task is not mapped."""
        return self

    def prepare_for_execution(self) -> BaseOperator:
        """A copy that may be changed while it runs."""
        import copy

        other = copy.copy(self)
        return other

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"

    def __lt__(self, other: Any) -> bool:
        answer: bool = self.task_id < other.task_id
        return answer

    def __enter__(self) -> SetupTeardownContext:
        if not self.is_setup and not self.is_teardown:
            raise AirflowException(
                f"task {self.task_id!r} is neither setup nor teardown, so it can't be used in 'with'"
            )
        return SetupTeardownContext.push(self)

    def __exit__(self, *exc: Any) -> None:
        SetupTeardownContext.pop()


class BaseAsyncOperator(BaseOperator):
    """A task whose work is a coroutine, ``aexecute``."""

    @property
    def is_async(self) -> bool:
        """True."""
        return True

    async def aexecute(self, context: Context) -> Any:
        """The task's work."""
        raise NotImplementedError(f"{type(self).__name__} has no aexecute method")

    def execute(self, context: Context) -> Any:
        """Run the coroutine to its end."""
        import asyncio

        return asyncio.run(self.aexecute(context))


def _mail_by_default(about: str) -> bool:
    from airflow.configuration import conf

    return conf.getboolean("email", f"default_email_on_{about}", fallback=True)


def _check_task_id(task_id: Any) -> None:
    if not isinstance(task_id, str):
        raise TypeError(f"task_id must be text, not {task_id!r}")
    check_key(task_id, "task_id")


def check_key(text: str, what: str, max_length: int = 250) -> None:
    """Raise unless ``text`` is letters, digits, dashes, dots and underscores, and not too long."""
    if len(text) > max_length:
        raise AirflowException(f"{what} {text!r} is longer than {max_length} characters")
    plain = text.replace("-", "").replace(".", "").replace("_", "")
    if plain.isalnum() or (text and not plain):
        return
    raise AirflowException(f"{what} {text!r} may only have letters, digits, dashes, dots and underscores")


def _whole(value: Any, name: str, task_id: str) -> Any:
    if value is NOTSET or value is None or isinstance(value, int):
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        raise AirflowException(f"{name} of task {task_id!r} is {value!r}; it must be a whole number") from None


def _slots(value: Any, task_id: str) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"pool_slots of task {task_id!r} is {value!r}; it must be at least 1")
    return value


def _timeout(value: Any, task_id: str) -> Any:
    if value is NOTSET or value is None or isinstance(value, timedelta):
        return value
    raise ValueError(f"execution_timeout of task {task_id!r} is {value!r}; it must be a timedelta")


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


BaseOperatorMeta = OperatorMeta  # its name in Airflow 2


def __getattr__(name: str) -> Any:
    """Names that Airflow 1 and 2 have here besides."""
    if name == "BaseOperatorLink":
        from airflow.sdk.bases.operatorlink import BaseOperatorLink

        return BaseOperatorLink
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ += ["BaseOperatorMeta", "TaskStateChangeCallback", "check_key", "validate_instance_args"]
