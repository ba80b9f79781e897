"""What DAG files import in Airflow 3. Names load on use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airflow.version import __version__

_HOMES: dict[str, tuple[str, ...]] = {
    "airflow._runtime.state_store": ("NEVER_EXPIRE",),
    "airflow.configuration": ("conf",),
    "airflow.sdk.bases.branch": ("BaseBranchOperator", "BranchMixIn"),
    "airflow.sdk.bases.hook": ("BaseHook",),
    "airflow.sdk.bases.notifier": ("BaseNotifier",),
    "airflow.sdk.bases.operator": ("BaseAsyncOperator", "BaseOperator"),
    "airflow.sdk.bases.operatorlink": ("BaseOperatorLink",),
    "airflow.sdk.bases.resumablejobmixin": ("ResumableJobMixin",),
    "airflow.sdk.bases.sensor": ("BaseSensorOperator", "PokeReturnValue"),
    "airflow.sdk.bases.skipmixin": ("SkipMixin",),
    "airflow.sdk.bases.xcom": ("BaseXCom",),
    "airflow.sdk.definitions._internal.rules": ("TriggerRule", "WeightRule"),
    "airflow.sdk.definitions._internal.templater": ("literal",),
    "airflow.sdk.definitions.asset": (
        "Asset",
        "AssetAccessControl",
        "AssetAlias",
        "AssetAll",
        "AssetAny",
        "AssetWatcher",
        "Metadata",
    ),
    "airflow.sdk.definitions.asset.decorators": ("asset",),
    "airflow.sdk.definitions.callback": ("AsyncCallback", "SyncCallback"),
    "airflow.sdk.definitions.connection": ("Connection",),
    "airflow.sdk.definitions.context": ("Context", "get_current_context", "get_parsing_context"),
    "airflow.sdk.definitions.dag": ("DAG", "dag"),
    "airflow.sdk.definitions.deadline": (
        "BaseDeadlineReference",
        "DeadlineAlert",
        "DeadlineReference",
        "deadline_reference",
    ),
    "airflow.sdk.definitions.decorators": ("result", "setup", "task", "task_group", "teardown"),
    "airflow.sdk.definitions.edges": ("EdgeModifier", "Label", "chain", "chain_linear", "cross_downstream"),
    "airflow.sdk.definitions.param": ("Param", "ParamsDict"),
    "airflow.sdk.definitions.partition_mappers": (
        "AllowedKeyMapper",
        "ChainMapper",
        "DayWindow",
        "FanOutMapper",
        "FixedKeyMapper",
        "HourWindow",
        "IdentityMapper",
        "MinimumCount",
        "MonthWindow",
        "PartitionMapper",
        "ProductMapper",
        "QuarterWindow",
        "RollupMapper",
        "SegmentWindow",
        "StartOfDayMapper",
        "StartOfHourMapper",
        "StartOfMonthMapper",
        "StartOfQuarterMapper",
        "StartOfWeekMapper",
        "StartOfYearMapper",
        "WaitForAll",
        "WeekWindow",
        "Window",
        "YearWindow",
    ),
    "airflow.sdk.definitions.retry_policy": (
        "ExceptionRetryPolicy",
        "RetryAction",
        "RetryDecision",
        "RetryPolicy",
        "RetryRule",
    ),
    "airflow.sdk.definitions.taskgroup": ("TaskGroup",),
    "airflow.sdk.definitions.variable": ("Variable",),
    "airflow.sdk.definitions.xcom_arg": ("XComArg",),
    "airflow.sdk.execution_time.task_instance": ("TaskInstance",),
    "airflow.sdk.io.path": ("ObjectStoragePath",),
    "airflow.timetables.assets": ("AssetOrTimeSchedule",),
    "airflow.timetables.events": ("EventsTimetable",),
    "airflow.timetables.interval": ("CronDataIntervalTimetable", "DeltaDataIntervalTimetable"),
    "airflow.timetables.simple": ("PartitionedAssetTimetable", "PartitionedAtRuntime"),
    "airflow.timetables.trigger": (
        "CronPartitionTimetable",
        "CronTriggerTimetable",
        "DeltaTriggerTimetable",
        "MultipleCronTriggerTimetable",
    ),
    "airflow.utils.state": ("DagRunState", "TaskInstanceState"),
}
_MODULES = {"lineage": "airflow.sdk.lineage", "macros": "airflow.macros", "timezone": "airflow.sdk.timezone"}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_WHERE), *sorted(_MODULES)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    home = _WHERE.get(name)
    if home is not None:
        value = getattr(import_module(home), name)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    else:
        from airflow._aliases import submodule

        return submodule(__name__, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
