"""``@task_group``: a function that makes tasks becomes a task group, also a mapped one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class _TaskGroupFactory:
    """What ``@task_group`` makes of a function: calling it makes a group and runs the function inside."""

    def __init__(
        self, function: Callable[..., Any], kwargs: dict[str, Any], fixed: Mapping[str, Any] | None = None
    ) -> None:
        self.function = function
        self.kwargs = kwargs
        self.fixed = dict(fixed or {})
        functools.update_wrapper(self, function)

    def override(self, **kwargs: Any) -> _TaskGroupFactory:
        """The same with other arguments of the group."""
        return _TaskGroupFactory(self.function, {**self.kwargs, **kwargs}, self.fixed)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from airflow.sdk.definitions.taskgroup import TaskGroup

        return self._make(TaskGroup, args, {**self.fixed, **kwargs})

    def partial(self, **kwargs: Any) -> _TaskGroupFactory:
        """Fix some arguments of a mapped group."""
        self._check("partial", kwargs)
        return _TaskGroupFactory(self.function, self.kwargs, {**self.fixed, **kwargs})

    def expand(self, **kwargs: Any) -> Any:
        """The group once for each combination of the items of these lists."""
        from airflow.sdk.definitions._internal.expandinput import ExpandInput

        if not kwargs:
            raise TypeError("expand needs at least one argument to map over")
        self._check("expand", kwargs)
        return self._map(ExpandInput(kwargs), list(kwargs))

    def expand_kwargs(self, kwargs: Any) -> Any:
        """The group once for each dict of arguments in a list."""
        from airflow.sdk.definitions._internal.expandinput import ExpandKwargsInput

        if isinstance(kwargs, Sequence) and not isinstance(kwargs, str):
            for item in kwargs:
                if isinstance(item, dict):
                    self._check("expand_kwargs", item)
        # Which arguments the dicts have is not known before they are there.
        names = [name for name in self._parameters() if name not in self.fixed]
        return self._map(ExpandKwargsInput(kwargs), names)

    def _map(self, expand_input: Any, names: list[str]) -> Any:
        from airflow.sdk.definitions._internal.expandinput import MappedArgument
        from airflow.sdk.definitions.taskgroup import MappedTaskGroup

        arguments = {name: MappedArgument(expand_input, name) for name in names}

        def make(**group_kwargs: Any) -> MappedTaskGroup:
            group = MappedTaskGroup(expand_input=expand_input, **group_kwargs)
            for argument in arguments.values():
                argument.group = group
            return group

        return self._make(make, (), {**self.fixed, **arguments})

    def _make(self, make: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        group_kwargs = dict(self.kwargs)
        group_kwargs.setdefault("group_id", self.function.__name__)
        group_kwargs.setdefault("add_suffix_on_collision", True)
        if self.function.__doc__ and not group_kwargs.get("tooltip"):
            group_kwargs["tooltip"] = self.function.__doc__
        with make(**group_kwargs) as group:
            returned = self.function(*args, **kwargs)
        # Arrows drawn to the call go to the group; a returned value is what other tasks use.
        return returned if returned is not None else group

    def _parameters(self) -> list[str]:
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return [p.name for p in inspect.signature(self.function).parameters.values() if p.kind in kinds]

    def _check(self, what: str, kwargs: Mapping[str, Any]) -> None:
        takes_all = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(self.function).parameters.values())
        known = self._parameters()
        for name in kwargs:
            if name not in known and not takes_all:
                raise TypeError(
                    f"{what} of task group {self.function.__name__!r}: the function has no argument {name!r}"
                )
            if name in self.fixed:
                raise TypeError(f"argument {name!r} is given both to partial and to {what}")


def task_group(group_id: Any = None, /, **kwargs: Any) -> Any:
    """Turn a function that makes tasks into a task group."""
    if callable(group_id):
        return _TaskGroupFactory(group_id, kwargs)
    if group_id is not None:
        kwargs["group_id"] = group_id
    return lambda function: _TaskGroupFactory(function, kwargs)
