"""Decorators of Airflow 1 and 2 that have nothing left to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def apply_defaults(func: F) -> F:
    """The function as it is: every operator takes ``default_args`` by itself."""
    return func
