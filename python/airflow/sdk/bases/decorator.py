"""What turns a function into a task."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.definitions.context import CONTEXT_KEYS
from airflow.sdk.definitions.xcom_arg import XComArg

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup

__all__ = [
    "DecoratedOperator",
    "Task",
    "TaskDecorator",
    "determine_kwargs",
    "get_unique_task_id",
    "is_async_callable",
    "task_decorator_factory",
]

TaskDecorator = Callable[..., Any]
Task = Callable[..., Any]


def get_unique_task_id(task_id: str, dag: DAG | None = None, task_group: TaskGroup | None = None) -> str:
    """``task_id``, or with ``__1``, ``__2`` … if the DAG has it already."""
    dag = dag or DagContext.get_current()
    if dag is None:
        return task_id
    group = task_group or TaskGroupContext.get_current(dag)

    def full(label: str) -> str:
        return group.child_id(label) if group is not None else label

    if full(task_id) not in dag.task_dict:
        return task_id
    base, _, number = task_id.rpartition("__")
    core = base if base and number.isdigit() else task_id
    count = 1
    while full(f"{core}__{count}") in dag.task_dict:
        count += 1
    return f"{core}__{count}"


def is_async_callable(func: Any) -> bool:
    """Whether calling it gives a coroutine."""
    while isinstance(func, functools.partial):
        func = func.func
    func = inspect.unwrap(func)
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)


def determine_kwargs(func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of ``kwargs`` that the function takes besides ``args``."""
    from airflow._runtime.arguments import accepted

    return accepted(func, args, kwargs)


_signatures: dict[int, tuple[Any, inspect.Signature]] = {}


class KeywordParameters(NamedTuple):
    """What of given arguments a function is called with by name."""

    parameters: Mapping[str, Any]
    #: The function takes anything by name.
    wildcard: bool

    @classmethod
    def determine(cls, func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]) -> KeywordParameters:
        """Find out; a ``ValueError`` if a positional argument has the name of something that is given by name."""
        kinds = [parameter.kind for parameter in inspect.signature(func).parameters.values()]
        return cls(determine_kwargs(func, args, kwargs), inspect.Parameter.VAR_KEYWORD in kinds)

    def unpacking(self) -> Mapping[str, Any]:
        """For a call in this process."""
        return self.parameters

    def serializing(self) -> Mapping[str, Any]:
        """For a call in another process."""
        return self.parameters


def __getattr__(name: str) -> Any:
    if name == "DecoratedMappedOperator":
        from airflow.sdk.definitions.mappedoperator import MappedOperator

        return MappedOperator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """The function's signature, parameters named like context keys being optional."""
    known = _signatures.get(id(function))
    if known is not None and known[0] is function:
        return known[1]
    found = inspect.signature(function)
    parameters = []
    optional_seen = False
    for p in found.parameters.values():
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            if p.name in CONTEXT_KEYS:
                if p.default is not p.empty and p.default is not None:
                    name = getattr(function, "__name__", function)
                    raise ValueError(
                        f"parameter {p.name!r} of task {name!r} is filled in from the context, "
                        f"so its default can only be None, not {p.default!r}"
                    )
                p = p.replace(default=None)
            elif optional_seen and p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD:
                # Comes after a context key that became optional: Python wants a default here too.
                p = p.replace(default=_REQUIRED)
            if p.default is not p.empty:
                optional_seen = True
        parameters.append(p)
    signature = found.replace(parameters=parameters)
    _signatures[id(function)] = (function, signature)
    return signature


_REQUIRED = object()


def _check_call(function: Callable[..., Any], args: Any, kwargs: Any) -> None:
    bound = _signature(function).bind(*args, **kwargs)
    for name, p in _signature(function).parameters.items():
        if p.default is _REQUIRED and name not in bound.arguments:
            raise TypeError(f"missing a required argument: {name!r}")


def infer_multiple_outputs(function: Callable[..., Any]) -> bool:
    """Whether the function says that it returns a dict, whose items then become XComs of their own."""
    annotations = getattr(function, "__annotations__", None)
    if not annotations or "return" not in annotations:
        return False
    import typing

    returned = annotations["return"]
    if isinstance(returned, str):
        try:
            returned = typing.get_type_hints(function).get("return")
        except Exception:  # an annotation that can't be resolved says nothing
            return False
    origin = typing.get_origin(returned) or returned
    return isinstance(origin, type) and issubclass(origin, Mapping)


class DecoratedOperator(BaseOperator):
    """Base of operators that are made from a function; mixed in before the operator that does the work."""

    template_fields: Collection[str] = ("op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {"op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs: Sequence[str] = ("python_callable",)
    custom_operator_name: str = ""

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        task_id: str,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        kwargs_to_upstream: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(python_callable):
            raise TypeError(f"python_callable of task {task_id!r} must be callable, not {python_callable!r}")
        upstream = kwargs_to_upstream or {}
        self.python_callable = python_callable
        self.op_args = op_args or ()
        self.op_kwargs = op_kwargs or {}
        if kwargs.get("doc_md") is None and python_callable.__doc__:
            kwargs["doc_md"] = inspect.cleandoc(python_callable.__doc__)
        super().__init__(task_id=task_id, **kwargs, **upstream)

    def get_python_source(self) -> str:
        """The function's source without its decorators."""
        import textwrap

        lines = textwrap.dedent(inspect.getsource(self.python_callable)).splitlines(keepends=True)
        start = next(n for n, line in enumerate(lines) if line.lstrip().startswith(("def ", "async def ")))
        return "".join(lines[start:])

    def execute(self, context: Any) -> Any:
        """Run the function; a dict's items become XComs if ``multiple_outputs`` says so (done by the runtime)."""
        return super().execute(context)


class _TaskDecorator:
    """What ``@task`` makes of a function: calling it makes a task."""

    _airflow_is_task_decorator: ClassVar[bool] = True

    def __init__(
        self,
        function: Callable[..., Any],
        operator_class: type,
        kwargs: dict[str, Any],
        multiple_outputs: bool | None,
    ) -> None:
        if inspect.isclass(function):
            raise TypeError(f"@task can't be put on a class: {function.__name__}")
        self.function = function
        self.operator_class = operator_class
        self.kwargs = kwargs
        self.multiple_outputs = multiple_outputs if multiple_outputs is not None else infer_multiple_outputs(function)
        self.is_setup = False
        self.is_teardown = False
        self.on_failure_fail_dagrun = False
        self.returns_dag_result = False
        functools.update_wrapper(self, function)
        _signature(function)

    def _operator_kwargs(self) -> dict[str, Any]:
        kwargs = dict(self.kwargs)
        name = getattr(self.function, "__name__", "task")
        task_id = kwargs.pop("task_id", None) or name
        kwargs["task_id"] = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
        kwargs["python_callable"] = self.function
        kwargs["multiple_outputs"] = self.multiple_outputs
        return kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_teardown:
            self.kwargs.setdefault("trigger_rule", "all_done_setup_success")
        if issubclass(self.operator_class, DecoratedOperator):  # others may add arguments of their own
            _check_call(self.function, args, kwargs)
        operator = self.operator_class(op_args=args, op_kwargs=kwargs, **self._operator_kwargs())
        self._mark(operator)
        return XComArg(operator)

    def _mark(self, operator: Any) -> None:
        operator.is_setup = self.is_setup
        operator.is_teardown = self.is_teardown
        operator.returns_dag_result = self.returns_dag_result
        if self.is_teardown:
            operator.on_failure_fail_dagrun = self.on_failure_fail_dagrun

    def override(self, **kwargs: Any) -> _TaskDecorator:
        """The same with other arguments of the task."""
        multiple_outputs = kwargs.pop("multiple_outputs", self.multiple_outputs)
        other = _TaskDecorator(self.function, self.operator_class, {**self.kwargs, **kwargs}, multiple_outputs)
        other.is_setup, other.is_teardown = self.is_setup, self.is_teardown
        other.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        other.returns_dag_result = self.returns_dag_result
        return other

    def partial(self, **kwargs: Any) -> _DecoratedPartial:
        """Fix some arguments of a mapped task."""
        self._check_names("partial", kwargs)
        return _DecoratedPartial(self, kwargs)

    def expand(self, **kwargs: Any) -> XComArg:
        """One instance for each combination of the items of these lists."""
        return _DecoratedPartial(self, {}).expand(**kwargs)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> XComArg:
        """One instance for each dict of arguments in a list."""
        return _DecoratedPartial(self, {}).expand_kwargs(kwargs)

    def _check_names(self, what: str, kwargs: Mapping[str, Any]) -> None:
        parameters = _signature(self.function).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        for name in kwargs:
            if name not in parameters:
                raise TypeError(f"{what} of task {self.function.__name__!r}: the function has no argument {name!r}")

    def as_setup(self) -> _TaskDecorator:
        """Mark as a setup task."""
        self.is_setup = True
        return self

    def __repr__(self) -> str:
        return f"<task decorator of {self.function!r}>"


class _DecoratedPartial:
    """``decorated.partial(...)``: waits for ``expand``."""

    def __init__(self, decorator: _TaskDecorator, op_kwargs: dict[str, Any]) -> None:
        self.decorator = decorator
        self.op_kwargs = op_kwargs

    def partial(self, **kwargs: Any) -> _DecoratedPartial:
        """Fix more arguments."""
        return _DecoratedPartial(self.decorator, {**self.op_kwargs, **kwargs})

    def expand(self, **kwargs: Any) -> XComArg:
        """One instance for each combination of the items of these lists."""
        from airflow.sdk.definitions._internal.expandinput import ExpandInput

        if not kwargs:
            raise TypeError("expand needs at least one argument to map over")
        self.decorator._check_names("expand", kwargs)
        for name in kwargs:
            if name in self.op_kwargs:
                raise TypeError(f"argument {name!r} is given both to partial and to expand")
        return self._make(ExpandInput(kwargs))

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> XComArg:
        """One instance for each dict of arguments in a list."""
        from airflow.sdk.definitions._internal.expandinput import ExpandKwargsInput

        return self._make(ExpandKwargsInput(kwargs))

    def _make(self, expand_input: Any) -> XComArg:
        from airflow.sdk.definitions.mappedoperator import _BASE_ARGUMENTS, MappedOperator

        kwargs = {**self.decorator._operator_kwargs(), "op_args": (), "op_kwargs": self.op_kwargs}
        base = {name: value for name, value in kwargs.items() if name in _BASE_ARGUMENTS}
        if self.decorator.function.__doc__ and "doc_md" not in base:
            base["doc_md"] = inspect.cleandoc(self.decorator.function.__doc__)
        operator = MappedOperator(
            operator_class=self.decorator.operator_class,
            partial_kwargs=kwargs,
            expand_input=expand_input,
            op_kwargs_expand=True,
            **base,
        )
        self.decorator._mark(operator)
        result: XComArg = XComArg(operator)
        return result


def task_decorator_factory(
    python_callable: Callable[..., Any] | None = None,
    *,
    multiple_outputs: bool | None = None,
    decorated_operator_class: type[BaseOperator],
    **kwargs: Any,
) -> Any:
    """The decorator of an operator class, with or without arguments."""
    if python_callable is not None and not callable(python_callable):
        raise TypeError("a task decorator takes keyword arguments only, such as task_id=...")
    if python_callable is not None:
        return _TaskDecorator(python_callable, decorated_operator_class, kwargs, multiple_outputs)
    return lambda function: _TaskDecorator(function, decorated_operator_class, kwargs, multiple_outputs)
