"""Small functions that DAG files and providers use."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, TypeVar

from airflow.sdk.bases.operator import check_key
from airflow.sdk.definitions.edges import chain, cross_downstream

__all__ = ["chain", "cross_downstream"]

T = TypeVar("T")


def validate_key(k: str, max_length: int = 250) -> None:
    """Raise unless the text can be an id."""
    if not isinstance(k, str):
        raise TypeError(f"an id must be text, not {k!r}")
    check_key(k, "id", max_length)


def is_container(obj: Any) -> bool:
    """Whether it is iterable, but not text."""
    return hasattr(obj, "__iter__") and not isinstance(obj, str)


def as_tuple(obj: Any) -> tuple[Any, ...]:
    """The items, or the one thing, as a tuple."""
    return tuple(obj) if is_container(obj) else (obj,)


def as_flattened_list(iterable: Iterable[Iterable[T]]) -> list[T]:
    """The items of all the collections in one list."""
    return [item for part in iterable for item in part]


def chunks(items: list[T], chunk_size: int) -> Iterator[list[T]]:
    """The list in pieces."""
    if chunk_size <= 0:
        raise ValueError("chunk_size must be a positive integer")
    for start in range(0, len(items), chunk_size):
        yield items[start : start + chunk_size]


def reduce_in_chunks(fn: Callable[[Any, Any], Any], iterable: list[Any], initializer: Any, chunk_size: int = 0) -> Any:
    """``reduce`` over pieces of a list."""
    if not iterable:
        return initializer
    return reduce(fn, chunks(iterable, chunk_size or len(iterable)), initializer)


def merge_dicts(dict1: dict[Any, Any], dict2: dict[Any, Any]) -> dict[Any, Any]:
    """The second over the first, dicts in them too."""
    merged = dict(dict1)
    for key, value in dict2.items():
        if isinstance(merged.get(key), dict) and isinstance(value, dict):
            merged[key] = merge_dicts(merged[key], value)
        else:
            merged[key] = value
    return merged


def prune_dict(val: Any, mode: str = "strict") -> Any:
    """Without None (``strict``) or anything that is false (``truthy``), at any depth."""

    def keep(value: Any) -> bool:
        return value is not None if mode == "strict" else bool(value)

    if mode not in ("strict", "truthy"):
        raise ValueError("mode must be 'strict' or 'truthy'")
    if isinstance(val, Mapping):
        pruned = {key: prune_dict(value, mode) for key, value in val.items() if keep(value)}
        return {k: v for k, v in pruned.items() if not (isinstance(v, (dict, list)) and mode == "truthy" and not v)}
    if isinstance(val, list):
        return [prune_dict(value, mode) for value in val if keep(value)]
    return val


def partition(pred: Callable[[T], bool], iterable: Iterable[T]) -> tuple[Iterable[T], Iterable[T]]:
    """Items for which it is false, and items for which it is true."""
    first, second = itertools.tee(iterable)
    return itertools.filterfalse(pred, first), filter(pred, second)


def at_most_one(*args: Any) -> bool:
    """Whether at most one is true (and set)."""
    return sum(_is_true(arg) for arg in args) <= 1


def exactly_one(*args: Any) -> bool:
    """Whether exactly one is true (and set)."""
    if is_container(args[0]) and len(args) == 1 and not isinstance(args[0], (str, dict)):
        raise ValueError("Not supported for iterable args. Use `*` to unpack your iterable in the function call.")
    return sum(_is_true(arg) for arg in args) == 1


def _is_true(value: Any) -> bool:
    from airflow.sdk.definitions._internal.types import is_arg_set

    return is_arg_set(value) and bool(value)


def convert_camel_to_snake(camel_str: str) -> str:
    """``CamelCase`` as ``camel_case``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<!^)([A-Z])(?=[a-z])", r"_\1\2", camel_str).lower()


def ask_yesno(question: str, default: bool | None = None) -> bool:
    """Ask at the terminal until the answer is yes or no."""
    while True:
        answer = input(question).strip().lower()
        if not answer and default is not None:
            return default
        if answer in ("y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
        print("Please respond with y/yes or n/no.")


def parse_template_string(template_string: str) -> tuple[str | None, Any]:
    """A text with ``{{`` as a Jinja template, another one as it is."""
    if "{{" in template_string:
        import jinja2

        return None, jinja2.Template(template_string)
    return template_string, None
