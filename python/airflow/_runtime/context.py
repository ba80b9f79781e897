"""The context of a running task: every key of every Airflow version, computed when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow._runtime.lazy import Lazy

if TYPE_CHECKING:
    from airflow.sdk.execution_time.task_instance import RuntimeTaskInstance

_MISSING = object()

# Keys that Airflow 3 does not have any more, and what to use instead.
DEPRECATED = {
    "END_DATE": "data_interval_end",
    "conf": "airflow.configuration.conf",
    "end_date": "data_interval_end",
    "execution_date": "logical_date",
    "latest_date": "data_interval_start",
    "next_ds": "data_interval_end | ds",
    "next_ds_nodash": "data_interval_end | ds_nodash",
    "next_execution_date": "data_interval_end",
    "prev_ds": "data_interval_start",
    "prev_ds_nodash": "data_interval_start",
    "prev_execution_date": "data_interval_start",
    "prev_execution_date_success": "prev_data_interval_start_success",
    "tables": "params",
    "tomorrow_ds": "macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "macros.ds_add(ds, 1)",
    "triggering_dataset_events": "triggering_asset_events",
    "yesterday_ds": "macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "macros.ds_add(ds, -1)",
}


class TaskContext(dict[str, Any]):
    """A dict whose values are made on first use. Everything that a dict can do works, and sees all keys."""

    is_lazy = True

    def __init__(self, ti: RuntimeTaskInstance) -> None:
        super().__init__()
        self._ti = ti
        self._gone: set[str] = set()
        self._sweep: Iterator[str] = iter(())
        self._makers: dict[str, Callable[[RuntimeTaskInstance], Any]] = {**_ALWAYS, **_DATES}
        if ti.dag_run.has_logical_date:
            self._makers["logical_date"] = _date

    # Reading.

    def __missing__(self, key: str) -> Any:
        maker = self._makers.get(key) if key not in self._gone else None
        if maker is None:
            raise KeyError(key)
        if key in DEPRECATED and next(self._sweep, None) != key:
            self._sweep = iter(())
            _warn(key)
        value = maker(self._ti)
        super().__setitem__(key, value)
        return value

    def peek(self, key: str) -> Any:
        """The value, without a word about keys that are deprecated."""
        self._sweep = iter((key,))
        return self[key]

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (key in self._makers and key not in self._gone)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        made = list(super().keys())
        return [
            *made,
            *(key for key in self._makers if not super(TaskContext, self).__contains__(key) and key not in self._gone),
        ]

    def keys(self) -> Any:
        names = self._names()
        # What comes next may be a sweep over all keys (``**context``): no reason to warn of the old ones.
        self._sweep = (key for key in names if key in DEPRECATED and not super(TaskContext, self).__contains__(key))
        return dict.fromkeys(names).keys()

    def values(self) -> Any:
        return {key: self.peek(key) for key in self._names()}.values()

    def items(self) -> Any:
        return {key: self.peek(key) for key in self._names()}.items()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None

    def __repr__(self) -> str:
        return f"<context of {self._ti!r}>"

    # Writing.

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        if super().__contains__(key):
            super().__delitem__(key)
        self._gone.add(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._gone.discard(key)
        super().__setitem__(key, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def pop(self, key: str, *default: Any) -> Any:
        if key not in self:
            if default:
                return default[0]
            raise KeyError(key)
        value = self.peek(key)
        del self[key]
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def copy(self) -> TaskContext:
        other = TaskContext(self._ti)
        for key in list(super().keys()):
            dict.__setitem__(other, key, dict.__getitem__(self, key))
        other._gone = set(self._gone)
        return other

    __copy__ = copy


def _warn(key: str) -> None:
    from airflow.sdk.definitions._internal.old_names import warn_author

    warn_author(f"the context's {key!r} is of an older Airflow; use {DEPRECATED[key]!r} instead")


def _ds(date: Any) -> str:
    text: str = date.strftime("%Y-%m-%d")
    return text


def _nodash(date: Any) -> str:
    text: str = date.strftime("%Y%m%d")
    return text


def _compact(text: str) -> str:
    return text.replace("-", "").replace(":", "")


def _date(ti: RuntimeTaskInstance) -> Any:
    """The run's logical date. Runs without one did not exist before Airflow 3: there, keys that older files
    count on (``ds``, ``execution_date`` ...) are about the instant when the run was due."""
    return ti.logical_date if ti.dag_run.has_logical_date else ti.dag_run.run_after


def _days(ti: RuntimeTaskInstance, days: int) -> Any:
    return _date(ti) + timedelta(days=days)


def _macros(ti: RuntimeTaskInstance) -> Any:
    from airflow import macros

    return macros


def _conf(ti: RuntimeTaskInstance) -> Any:
    from airflow.configuration import conf

    return conf


def _params(ti: RuntimeTaskInstance) -> Any:
    from airflow.sdk.definitions.param import process_params

    return process_params(ti.task.dag, ti.task, ti.dag_run.conf, suppress_exception=False)


def _accessor(name: str) -> Callable[[Any], Any]:
    def make(ti: RuntimeTaskInstance) -> Any:
        from airflow._runtime import accessors

        return getattr(accessors, name)()

    return make


def _inlet_events(ti: RuntimeTaskInstance) -> Any:
    from airflow._runtime.asset_events import InletEventsAccessors

    return InletEventsAccessors(ti.task.inlets)


def _outlet_events(ti: RuntimeTaskInstance) -> Any:
    from airflow._runtime.asset_events import OutletEventAccessors

    return OutletEventAccessors()


def _triggering(by_uri: bool) -> Callable[[Any], Any]:
    """Events that the run consumed; asked for only when they are used."""

    def make(ti: RuntimeTaskInstance) -> Any:
        from airflow._runtime.asset_events import TriggeringAssetEvents

        return Lazy(lambda: TriggeringAssetEvents.of_run(ti.dag_run, by_uri))

    return make


def _accessor_of(module: str, name: str) -> Callable[[Any], Any]:
    def make(ti: RuntimeTaskInstance) -> Any:
        import importlib

        return getattr(importlib.import_module(f"airflow._runtime.{module}"), name)()

    return make


def _asset_states(ti: RuntimeTaskInstance) -> Any:
    from airflow._runtime.state_store import AssetStateStoreAccessors

    return AssetStateStoreAccessors(ti.task.inlets or [], ti.task.outlets or [])


def _no_assets(what: str) -> Callable[[Any], Any]:
    def make(ti: RuntimeTaskInstance) -> Any:
        from airflow._runtime.accessors import Unsupported

        return Unsupported(what)

    return make


def _previous(name: str) -> Callable[[Any], Any]:
    """A date of the last successful run before this one; asked for only when it is used."""
    return lambda ti: Lazy(lambda: getattr(ti.previous_success, name, None))


def _next_execution_date(ti: RuntimeTaskInstance) -> Any:
    if ti.dag_run.run_type == "manual":
        return _date(ti)
    end = ti.dag_run.data_interval_end
    return end if end is not None and end > _date(ti) else None


def _prev_execution_date(ti: RuntimeTaskInstance) -> Any:
    if ti.dag_run.run_type == "manual":
        return _date(ti)
    start, end = ti.dag_run.data_interval_start, ti.dag_run.data_interval_end
    if start is not None and end is not None and end > start:
        return _date(ti) - (end - start)
    previous = ti.get_previous_dagrun()
    return previous.logical_date if previous is not None else None


def _day_of(date: Callable[[Any], Any], form: Callable[[Any], str]) -> Callable[[Any], str | None]:
    def make(ti: RuntimeTaskInstance) -> str | None:
        found = date(ti)
        return None if found is None else form(found)

    return make


def _key_text(ti: RuntimeTaskInstance) -> str:
    return f"{ti.dag_id}__{ti.task_id}__{_nodash(_date(ti)) if ti.dag_run.has_logical_date else ti.run_id}"


_ALWAYS: dict[str, Callable[[Any], Any]] = {
    "asset_state_store": lambda ti: _asset_states(ti),
    "conf": _conf,
    "conn": _accessor("ConnectionAccessor"),
    "dag": lambda ti: ti.task.dag,
    "dag_run": lambda ti: ti.dag_run,
    "data_interval_end": lambda ti: ti.dag_run.data_interval_end,
    "data_interval_start": lambda ti: ti.dag_run.data_interval_start,
    "expanded_ti_count": lambda ti: Lazy(lambda: ti.expanded_count()),
    "inlet_events": _inlet_events,
    "inlets": lambda ti: ti.task.inlets,
    "macros": _macros,
    "map_index_template": lambda ti: ti.task.map_index_template,
    "outlet_events": _outlet_events,
    "outlets": lambda ti: ti.task.outlets,
    "params": _params,
    "partition_date": lambda ti: ti.dag_run.partition_date,
    "partition_key": lambda ti: ti.dag_run.partition_key,
    "prev_data_interval_end_success": _previous("data_interval_end"),
    "prev_data_interval_start_success": _previous("data_interval_start"),
    "prev_end_date_success": _previous("end_date"),
    "prev_execution_date_success": _previous("logical_date"),
    "prev_start_date_success": _previous("start_date"),
    "run_id": lambda ti: ti.run_id,
    "task": lambda ti: ti.task,
    "task_instance": lambda ti: ti,
    "task_instance_key_str": _key_text,
    "task_reschedule_count": lambda ti: ti.task_reschedule_count,
    "task_state_store": _accessor_of("state_store", "TaskStateStoreAccessor"),
    "templates_dict": lambda ti: getattr(ti.task, "templates_dict", None),
    "test_mode": lambda ti: ti.test_mode,
    "ti": lambda ti: ti,
    "triggering_asset_events": _triggering(by_uri=False),
    "triggering_dataset_events": _triggering(by_uri=True),
    "try_number": lambda ti: ti.try_number,
    "var": _accessor("variables"),
}
_DATES: dict[str, Callable[[Any], Any]] = {
    "END_DATE": lambda ti: _ds(_date(ti)),
    "ds": lambda ti: _ds(_date(ti)),
    "ds_nodash": lambda ti: _nodash(_date(ti)),
    "end_date": lambda ti: _ds(_date(ti)),
    "execution_date": lambda ti: _date(ti),
    "latest_date": lambda ti: _ds(_date(ti)),
    "next_ds": _day_of(_next_execution_date, _ds),
    "next_ds_nodash": _day_of(_next_execution_date, _nodash),
    "next_execution_date": _next_execution_date,
    "prev_ds": _day_of(_prev_execution_date, _ds),
    "prev_ds_nodash": _day_of(_prev_execution_date, _nodash),
    "prev_execution_date": _prev_execution_date,
    "tables": lambda ti: ti.task.params.get("tables"),
    "tomorrow_ds": lambda ti: _ds(_days(ti, 1)),
    "tomorrow_ds_nodash": lambda ti: _nodash(_days(ti, 1)),
    "ts": lambda ti: _date(ti).isoformat(),
    "ts_nodash": lambda ti: _date(ti).strftime("%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda ti: _compact(_date(ti).isoformat()),
    "yesterday_ds": lambda ti: _ds(_days(ti, -1)),
    "yesterday_ds_nodash": lambda ti: _nodash(_days(ti, -1)),
}
