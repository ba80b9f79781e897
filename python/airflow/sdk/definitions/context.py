"""The task context: names of its keys, and the context of the task that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

# Every key that any Airflow version gave to templates and functions.
CONTEXT_KEYS = frozenset(
    """
    END_DATE asset_state_store conf conn dag dag_run data_interval_end data_interval_start ds ds_nodash end_date
    exception execution_date expanded_ti_count inlet_events inlets latest_date logical_date macros map_index_template
    next_ds next_ds_nodash next_execution_date outlet_events outlets params partition_date partition_key
    prev_data_interval_end_success prev_data_interval_start_success prev_ds prev_ds_nodash prev_end_date_success
    prev_execution_date prev_execution_date_success prev_start_date_success reason run_id start_date tables task
    task_instance task_instance_key_str task_reschedule_count task_state_store templates_dict test_mode ti
    tomorrow_ds tomorrow_ds_nodash triggering_asset_events triggering_dataset_events try_number ts ts_nodash
    ts_nodash_with_tz var yesterday_ds yesterday_ds_nodash
    """.split()
) - {"start_date", "end_date"}
KNOWN_CONTEXT_KEYS = CONTEXT_KEYS

if TYPE_CHECKING:
    Context = dict[str, Any]
else:
    Context = dict  # what annotations in DAG files name


class AirflowContextDeprecationWarning(FutureWarning):
    """A key of the context has an old name."""


_current: list[Any] = []


def get_current_context() -> Any:
    """The context of the task that runs."""
    if not _current:
        from airflow.sdk.exceptions import AirflowException

        raise AirflowException("there is no current context: get_current_context works only while a task runs")
    return _current[-1]


class AirflowParsingContext(NamedTuple):
    """Which DAG and task a file is being read for; both None when all are wanted."""

    dag_id: str | None
    task_id: str | None


_parsing = AirflowParsingContext(None, None)


def get_parsing_context() -> AirflowParsingContext:
    """Which DAG and task the file is being read for, so that it may leave out the others."""
    return _parsing


def set_parsing_context(dag_id: str | None, task_id: str | None) -> None:
    """Say which DAG and task a file is about to be read for."""
    global _parsing
    _parsing = AirflowParsingContext(dag_id, task_id)


def context_merge(context: Any, *args: Any, **kwargs: Any) -> None:
    """Put more names into a context."""
    context.update(*args, **kwargs)


def context_copy_partial(source: Mapping[str, Any], keys: Any) -> dict[str, Any]:
    """Only some names of a context."""
    return {key: source[key] for key in keys if key in source}
