"""Marks for arguments that nobody gave."""

from __future__ import annotations

from typing import Any


class ArgNotSet:
    """Type of :data:`NOTSET`: the argument was left out, which may mean something else than None."""

    _text = "NOTSET"

    def __repr__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> ArgNotSet:
        return self

    def __deepcopy__(self, memo: dict[str, Any]) -> ArgNotSet:
        return self


class SetDuringExecution(ArgNotSet):
    """Type of :data:`SET_DURING_EXECUTION`: the task's code fills the attribute in when it runs."""

    _text = "DYNAMIC (set during execution)"

    def __bool__(self) -> bool:
        return True


NOTSET = ArgNotSet()
SET_DURING_EXECUTION = SetDuringExecution()


def is_arg_set(value: Any) -> bool:
    """Whether somebody gave the argument."""
    return not isinstance(value, ArgNotSet)


def validate_instance_args(instance: object, expected_arg_types: dict[str, Any]) -> None:
    """Raise ``TypeError`` if an attribute of ``instance`` has another type than expected."""
    for name, expected in expected_arg_types.items():
        value = getattr(instance, name, None)
        if value is not None and is_arg_set(value) and not isinstance(value, expected):
            given = type(value).__name__
            raise TypeError(f"{name!r} of {type(instance).__name__} is a {given}, which it can't be: {value!r}")
