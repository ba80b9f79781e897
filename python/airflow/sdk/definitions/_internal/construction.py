"""How ``default_args`` reach every ``__init__`` of an operator's classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.exceptions import InvalidArguments

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup


class Construction:
    """What the ``__init__`` methods of one object under construction share."""

    __slots__ = ("dag", "default_args", "params", "task_group")

    def __init__(self, kwargs: dict[str, Any]) -> None:
        dag = kwargs.get("dag")
        group = kwargs.get("task_group")
        if dag is None and group is not None:
            dag = group.dag
        if dag is None:
            dag = DagContext.get_current()
        if group is None and dag is not None:
            group = TaskGroupContext.get_current(dag)
        self.dag: DAG | None = dag
        self.task_group: TaskGroup | None = group
        defaults: dict[str, Any] = {}
        params: dict[str, Any] = {}
        for source in (dag, group):
            if source is not None:
                args = source.default_args
                params.update(args.get("params") or {})
                defaults.update(args)
        given = kwargs.get("default_args")
        if given:
            params.update(given.get("params") or {})
            defaults.update(given)
        defaults.pop("params", None)
        self.default_args = defaults
        self.params = params


def _parameters(init: Callable[..., Any]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names that an ``__init__`` takes, and those of them that it can't do without."""
    keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = list(inspect.signature(init).parameters.values())[1:]
    names = frozenset(p.name for p in found if p.kind in keyword)
    needed = tuple(p.name for p in found if p.kind in keyword and p.default is inspect.Parameter.empty)
    return names, needed


def with_default_args(init: Callable[..., Any]) -> Callable[..., Any]:
    known: list[tuple[frozenset[str], tuple[str, ...]]] = []

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if args:
            name = type(self).__name__
            raise InvalidArguments(f"{name} takes keyword arguments only, such as task_id=..., not {args[0]!r}")
        state = self.__dict__
        construction = state.get("_construction")
        outermost = construction is None
        if outermost:
            construction = state["_construction"] = Construction(kwargs)
            state["_init_kwargs"] = dict(kwargs)
        if not known:
            known.append(_parameters(init))
        names, needed = known[0]
        for name, value in construction.default_args.items():
            if name in names and name not in kwargs:
                kwargs[name] = value
        missing = [name for name in needed if name not in kwargs]
        if missing:
            task_id = kwargs.get("task_id") or state.get("task_id")
            which = f"{type(self).__name__} (task_id: {task_id})" if task_id else type(self).__name__
            raise InvalidArguments(
                f"{which} lacks the argument{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}"
            )
        init(self, **kwargs)
        if outermost:
            state.pop("_construction", None)
            self._constructed()

    return __init__


def unless_nested(execute: Callable[..., Any]) -> Callable[..., Any]:
    """``execute`` for an operator that may have been told not to run within another one."""

    @functools.wraps(execute)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.__dict__.get("allow_nested_operators", True):
            from airflow.sdk.definitions.context import _current

            if _current and _current[-1]["task"] is not self:
                from airflow.sdk.exceptions import AirflowException

                raise AirflowException(
                    f"task {self.task_id!r} is executed within task {_current[-1]['task'].task_id!r}, which its "
                    "allow_nested_operators=False forbids; make it a task of the DAG"
                )
        return execute(self, *args, **kwargs)

    return run
