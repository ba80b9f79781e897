"""Which of many named values a function takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any


def accepted(func: Callable[..., Any], args: Collection[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that ``func`` takes by name when called with ``args`` before them.

    Values are looked up only if they are taken, so that a lazy mapping computes no more than it must.
    """
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):  # some builtins have no signature
        return {}
    taken: dict[str, Any] = {}
    positional = 0
    takes_all = False
    by_position: set[str] = set()
    for p in parameters:
        if p.kind is p.VAR_KEYWORD:
            takes_all = True
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and positional < len(args):
            positional += 1
            by_position.add(p.name)
            if p.kind is p.POSITIONAL_OR_KEYWORD and p.name in values and p.name not in _context_names():
                raise ValueError(f"argument {p.name!r} is given both by position and by name")
        elif p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name in values:
            taken[p.name] = values[p.name]
    if takes_all:
        read = getattr(values, "peek", values.__getitem__)
        for name in values:
            if name not in taken and name not in by_position:
                taken[name] = read(name)
    return taken


def _context_names() -> Collection[str]:
    from airflow.sdk.definitions.context import CONTEXT_KEYS

    return CONTEXT_KEYS


def call_with_context(func: Callable[..., Any], args: Collection[Any], context: Mapping[str, Any]) -> Any:
    """Call a function with what it wants of the context."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return func(*args)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) == len(args) + 1 and positional[0].name in ("context", "ctx", "_context", "_"):
        return func(context, *args)
    return func(*args, **accepted(func, args, context))
