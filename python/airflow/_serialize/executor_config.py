"""``executor_config`` of a task as plain JSON; objects of the ``kubernetes`` package in Kubernetes' own spelling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from airflow._serialize.values import instant, plain
from airflow.sdk.exceptions import SerializationError


def executor_config(task: Any) -> Any:
    """What the task wishes of its executor; None if nothing."""
    config = task.partial_kwargs.get("executor_config") if task.is_mapped else task.executor_config
    if not config:
        return None
    if _is_model(config):
        raise SerializationError(
            f"executor_config of task {task.task_id!r} is a {type(config).__name__}; "
            "write executor_config={'pod_override': V1Pod(...)}"
        )
    if not isinstance(config, Mapping):
        raise SerializationError(
            f"executor_config of task {task.task_id!r} must be a dictionary, not a {type(config).__name__}"
        )
    return _value(config)


def _is_model(value: Any) -> bool:
    """Whether it is an object of the ``kubernetes`` package (or its asynchronous twin), of any version."""
    return isinstance(getattr(type(value), "attribute_map", None), dict)


def _value(value: Any) -> Any:
    if _is_model(value):
        # Fields that nobody set are None, and mean nothing.
        fields = ((key, getattr(value, name, None)) for name, key in type(value).attribute_map.items())
        return {key: _value(field) for key, field in fields if field is not None}
    if isinstance(value, Mapping):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    if isinstance(value, dt.datetime):
        return instant(value)
    return plain(value)
