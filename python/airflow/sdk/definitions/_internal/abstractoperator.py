"""Defaults of task arguments, under the path where Airflow keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

DEFAULT_POOL_SLOTS = 1
DEFAULT_POOL_NAME = "default_pool"
DEFAULT_PRIORITY_WEIGHT = 1
DEFAULT_IGNORE_FIRST_DEPENDS_ON_PAST = False
DEFAULT_WAIT_FOR_PAST_DEPENDS_BEFORE_SKIPPING = False
DEFAULT_EXECUTOR = None
MINIMUM_PRIORITY_WEIGHT = -2147483648
MAXIMUM_PRIORITY_WEIGHT = 2147483647


def __getattr__(name: str) -> Any:
    """Those that depend on the configuration."""
    from airflow.configuration import conf

    if name == "AbstractOperator":
        from airflow.sdk.definitions._internal.node import AbstractOperator

        return AbstractOperator
    if name == "DEFAULT_OWNER":
        return conf.get("operators", "default_owner", fallback="airflow")
    if name == "DEFAULT_QUEUE":
        return conf.get("operators", "default_queue", fallback="default")
    if name == "DEFAULT_RETRIES":
        return conf.getint("core", "default_task_retries", fallback=0)
    if name == "DEFAULT_RETRY_DELAY":
        return timedelta(seconds=conf.getint("core", "default_task_retry_delay", fallback=300))
    if name == "MAX_RETRY_DELAY":
        return conf.getint("core", "max_task_retry_delay", fallback=24 * 60 * 60)
    if name == "DEFAULT_TASK_EXECUTION_TIMEOUT":
        return conf.gettimedelta("core", "default_task_execution_timeout", fallback=None)
    if name in ("DEFAULT_TRIGGER_RULE", "DEFAULT_WEIGHT_RULE"):
        from airflow.sdk.definitions._internal.rules import TriggerRule, WeightRule

        return TriggerRule.ALL_SUCCESS if name == "DEFAULT_TRIGGER_RULE" else WeightRule.DOWNSTREAM
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
