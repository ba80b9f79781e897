"""Where the names of older and other import paths are now. A ``!`` marks paths that warn when they are used."""

from __future__ import annotations

_STANDARD = "airflow.providers.standard"
_OP = _STANDARD + ".operators"
_SENSOR = _STANDARD + ".sensors"
_DEF = "airflow.sdk.definitions"
_BASE = "airflow.sdk.bases"
_TI = "airflow.sdk.execution_time.task_instance"

# Module path to the module that has its contents.
MODULES: dict[str, str] = {
    # Airflow 1
    "airflow.hooks.base_hook": _BASE + ".hook!",
    "airflow.operators.bash_operator": _OP + ".bash!",
    "airflow.operators.branch_operator": _OP + ".branch!",
    "airflow.operators.email_operator": "airflow._email_operator!",
    "airflow.operators.dagrun_operator": _OP + ".trigger_dagrun!",
    "airflow.operators.dummy_operator": _OP + ".empty!",
    "airflow.operators.latest_only_operator": _OP + ".latest_only!",
    "airflow.operators.python_operator": _OP + ".python!",
    "airflow.operators.subdag_operator": _DEF + ".subdag!",
    "airflow.sensors.base_sensor_operator": _BASE + ".sensor!",
    "airflow.sensors.date_time_sensor": _SENSOR + ".date_time!",
    "airflow.sensors.external_task_sensor": _SENSOR + ".external_task!",
    "airflow.sensors.time_delta_sensor": _SENSOR + ".time_delta!",
    "airflow.sensors.time_sensor": _SENSOR + ".time!",
    "airflow.contrib.sensors.bash_sensor": _SENSOR + ".bash!",
    "airflow.contrib.sensors.file_sensor": _SENSOR + ".filesystem!",
    "airflow.contrib.sensors.python_sensor": _SENSOR + ".python!",
    "airflow.contrib.sensors.weekday_sensor": _SENSOR + ".weekday!",
    "airflow.contrib.hooks.fs_hook": _STANDARD + ".hooks.filesystem!",
    "airflow.contrib.utils.weekday": _STANDARD + ".utils.weekday!",
    # Airflow 2
    "airflow.decorators.base": _BASE + ".decorator",
    "airflow.decorators.task_group": _DEF + ".taskgroup",
    "airflow.exceptions": "airflow.sdk.exceptions",
    "airflow.hooks.base": _BASE + ".hook",
    "airflow.hooks.filesystem": _STANDARD + ".hooks.filesystem",
    "airflow.hooks.subprocess": _STANDARD + ".hooks.subprocess",
    "airflow.models.base": "airflow.models.orm",
    "airflow.models.baseoperator": _BASE + ".operator",
    "airflow.models.baseoperatorlink": _BASE + ".operatorlink",
    "airflow.models.connection": _DEF + ".connection",
    "airflow.models.deadline": _DEF + ".deadline",
    "airflow.models.dagbag": "airflow.dag_processing.dagbag",
    "airflow.models.expandinput": _DEF + "._internal.expandinput",
    "airflow.models.mappedoperator": _DEF + ".mappedoperator",
    "airflow.models.operator": "airflow.sdk.types",
    "airflow.models.param": _DEF + ".param",
    "airflow.models.skipmixin": _BASE + ".skipmixin",
    "airflow.models.taskinstancekey": "airflow.sdk.types",
    "airflow.models.variable": _DEF + ".variable",
    "airflow.models.xcom": _BASE + ".xcom",
    "airflow.models.xcom_arg": _DEF + ".xcom_arg",
    "airflow.datasets.metadata": _DEF + ".asset",
    "airflow.notifications.basenotifier": _BASE + ".notifier",
    "airflow.operators.bash": _OP + ".bash",
    "airflow.operators.branch": _OP + ".branch",
    "airflow.operators.datetime": _OP + ".datetime",
    "airflow.operators.dummy": _OP + ".empty!",
    "airflow.operators.email": "airflow._email_operator",
    "airflow.operators.empty": _OP + ".empty",
    "airflow.operators.latest_only": _OP + ".latest_only",
    "airflow.operators.subdag": _DEF + ".subdag!",
    "airflow.operators.python": _OP + ".python",
    "airflow.operators.trigger_dagrun": _OP + ".trigger_dagrun",
    "airflow.operators.weekday": _OP + ".weekday",
    "airflow.sensors.base": _BASE + ".sensor",
    "airflow.sensors.bash": _SENSOR + ".bash",
    "airflow.sensors.date_time": _SENSOR + ".date_time",
    "airflow.sensors.external_task": _SENSOR + ".external_task",
    "airflow.sensors.filesystem": _SENSOR + ".filesystem",
    "airflow.sensors.python": _SENSOR + ".python",
    "airflow.sensors.time_delta": _SENSOR + ".time_delta",
    "airflow.sensors.weekday": _SENSOR + ".weekday",
    "airflow.task.trigger_rule": _DEF + "._internal.rules",
    "airflow.task.weight_rule": _DEF + "._internal.rules",
    "airflow.template.templater": _DEF + "._internal.templater",
    "airflow.timetables.datasets": "airflow.timetables.assets",
    "airflow.triggers.external_task": _STANDARD + ".triggers.external_task",
    "airflow.triggers.file": _STANDARD + ".triggers.file",
    "airflow.triggers.temporal": _STANDARD + ".triggers.temporal",
    "airflow.utils.context": _DEF + ".context",
    "airflow.utils.dag_parsing_context": _DEF + ".context",
    "airflow.utils.edgemodifier": _DEF + ".edges",
    "airflow.utils.task_group": _DEF + ".taskgroup",
    "airflow.utils.timezone": "airflow.sdk.timezone",
    "airflow.utils.trigger_rule": _DEF + "._internal.rules",
    "airflow.utils.weekday": _STANDARD + ".utils.weekday",
    "airflow.utils.weight_rule": _DEF + "._internal.rules",
    "airflow.io.path": "airflow.sdk.io.path",
    "airflow.io.store": "airflow.sdk.io.store",
    "airflow.io.utils.stat": "airflow.sdk.io.stat",
    "airflow.lineage.hook": "airflow.sdk.lineage",
    # Airflow 3
    "airflow.sdk.bases.secrets_backend": "airflow.secrets.base_secrets",
    "airflow.sdk.api.datamodels._generated": "airflow.utils.state",
    "airflow.sdk.bases.timetable": "airflow.timetables.base",
    "airflow.sdk.configuration": "airflow.configuration",
    "airflow.partition_mappers.allowed_key": _DEF + ".partition_mappers.mappers",
    "airflow.partition_mappers.base": _DEF + ".partition_mappers.mappers",
    "airflow.partition_mappers.chain": _DEF + ".partition_mappers.mappers",
    "airflow.partition_mappers.fixed_key": _DEF + ".partition_mappers.mappers",
    "airflow.partition_mappers.identity": _DEF + ".partition_mappers.mappers",
    "airflow.partition_mappers.product": _DEF + ".partition_mappers.mappers",
    "airflow.partition_mappers.temporal": _DEF + ".partition_mappers.temporal",
    "airflow.partition_mappers.wait_policy": _DEF + ".partition_mappers.wait_policy",
    "airflow.partition_mappers.window": _DEF + ".partition_mappers.window",
    "airflow.sdk.definitions.partition_mappers.allowed_key": _DEF + ".partition_mappers.mappers",
    "airflow.sdk.definitions.partition_mappers.base": _DEF + ".partition_mappers.mappers",
    "airflow.sdk.definitions.partition_mappers.chain": _DEF + ".partition_mappers.mappers",
    "airflow.sdk.definitions.partition_mappers.fixed_key": _DEF + ".partition_mappers.mappers",
    "airflow.sdk.definitions.partition_mappers.identity": _DEF + ".partition_mappers.mappers",
    "airflow.sdk.definitions.partition_mappers.product": _DEF + ".partition_mappers.mappers",
    "airflow.sdk.definitions.asset.metadata": _DEF + ".asset",
    "airflow.sdk.definitions.asset.access_control": _DEF + ".asset",
    "airflow.sdk.definitions.deadline_reference": _DEF + ".deadline",
    "airflow.sdk.definitions.dag_parsing_context": _DEF + ".context",
    "airflow.sdk.definitions.template": _DEF + "._internal.templater",
    "airflow.sdk.definitions.timetables.assets": "airflow.timetables.assets",
    "airflow.sdk.definitions.timetables.events": "airflow.timetables.events",
    "airflow.sdk.definitions.timetables.interval": "airflow.timetables.interval",
    "airflow.sdk.definitions.timetables.simple": "airflow.timetables.simple",
    "airflow.sdk.definitions.timetables.trigger": "airflow.timetables.trigger",
    "airflow.sdk.definitions.trigger_rule": _DEF + "._internal.rules",
    "airflow.sdk.execution_time.macros": "airflow.macros",
    "airflow.sdk.execution_time.task_runner": _TI,
    "airflow.sdk.execution_time.xcom": _BASE + ".xcom",
    "airflow.sdk.module_loading": "airflow.utils.module_loading",
    "airflow.providers.standard.utils.skipmixin": _BASE + ".skipmixin",
    "airflow.sdk.serde": "airflow._runtime.xcom_codec",
}


def _all(home: str, *names: str) -> dict[str, str]:
    return {name: f"{home}:" for name in names}


_DECORATORS = _all(_DEF + ".decorators", "dag", "setup", "task", "task_group", "teardown")
_ASSETS = {
    **_all(_DEF + ".asset", "Dataset", "DatasetAlias", "DatasetAll", "DatasetAny", "_get_normalized_scheme"),
    "BaseDatasetEventInput": f"{_DEF}.asset:BaseAsset",
    "expand_alias_to_datasets": f"{_DEF}.asset:expand_alias_to_assets",
}

# Packages and modules that are only names found elsewhere: name to ``module:attribute`` (``*``: the module itself).
NAMES: dict[str, dict[str, str]] = {
    "airflow.assets": {},
    "airflow.contrib": {},
    "airflow.contrib.hooks": {},
    "airflow.contrib.kubernetes": {},
    "airflow.contrib.operators": {},
    "airflow.contrib.sensors": {},
    "airflow.contrib.utils": {},
    "airflow.datasets": _ASSETS,
    "airflow.decorators": _DECORATORS,
    "airflow.hooks": {"BaseHook": f"{_BASE}.hook:!"},
    "airflow.kubernetes": {},
    "airflow.models": {
        **_all(_BASE + ".operator", "BaseOperator"),
        **_all(_BASE + ".operatorlink", "BaseOperatorLink"),
        **_all(_BASE + ".skipmixin", "SkipMixin"),
        **_all(_BASE + ".xcom", "XCom"),
        **_all(_DEF + ".connection", "Connection"),
        **_all(_DEF + ".dag", "DAG"),
        **_all(_DEF + ".mappedoperator", "MappedOperator"),
        **_all(_DEF + ".param", "Param", "DagParam"),
        **_all(_DEF + ".variable", "Variable"),
        **_all(_DEF + ".xcom_arg", "XComArg"),
        **_all("airflow.dag_processing.dagbag", "DagBag"),
        **_all("airflow.models.slamiss", "SlaMiss"),
        **_all("airflow.sdk.types", "Operator"),
        **_all(_TI, "DagRun", "TaskInstance"),
        **_all(
            "airflow.models.orm", "Base", "DagModel", "DagTag", "Pool", "TaskReschedule", "Trigger", "Log", "ID_LEN"
        ),
    },
    "airflow.models.abstractoperator": _all(_DEF + "._internal.node", "AbstractOperator"),
    "airflow.models.asset": {
        **_all("airflow.models.orm", "AssetEvent", "AssetModel"),
        **_all(_DEF + ".asset", "expand_alias_to_assets"),
    },
    "airflow.models.dataset": {
        "DatasetAliasModel": "airflow.models.orm:AssetAliasModel",
        "DatasetEvent": "airflow.models.orm:AssetEvent",
        "DatasetModel": "airflow.models.orm:AssetModel",
    },
    "airflow.models.dag": {
        **_all(_DEF + ".dag", "DAG", "dag"),
        **_all("airflow.models.orm", "DagModel", "DagTag"),
        **_all(_DEF + "._internal.contextmanager", "DagContext"),
    },
    "airflow.models.dagrun": _all(_TI, "DagRun"),
    "airflow.models.pool": _all("airflow.models.orm", "Pool"),
    "airflow.models.taskinstance": {
        **_all(_TI, "TaskInstance"),
        **_all(_DEF + ".context", "get_current_context"),
        **_all("airflow.models.orm", "clear_task_instances"),
    },
    "airflow.executors": {},
    "airflow.io": {
        **_all("airflow.sdk.io.fs", "get_fs", "has_fs"),
        **_all("airflow.sdk.io.path", "ObjectStoragePath"),
        **_all("airflow.sdk.io.store", "attach"),
    },
    "airflow.io.utils": {},
    "airflow.lineage": {},
    "airflow.notifications": {},
    "airflow.operators": {
        **{name: f"{_OP}.python:!" for name in ("BranchPythonOperator", "PythonOperator", "ShortCircuitOperator")},
        "BaseOperator": f"{_BASE}.operator:!",
        "BashOperator": f"{_OP}.bash:!",
        "DummyOperator": f"{_OP}.empty:!",
        "EmailOperator": "airflow._email_operator:!",
        "LatestOnlyOperator": f"{_OP}.latest_only:!",
        "SubDagOperator": f"{_DEF}.subdag:!",
        "TriggerDagRunOperator": f"{_OP}.trigger_dagrun:!",
    },
    "airflow.operators.sensors": {
        "BaseSensorOperator": f"{_BASE}.sensor:!",
        "ExternalTaskSensor": f"{_SENSOR}.external_task:!",
        "TimeDeltaSensor": f"{_SENSOR}.time_delta:!",
        "TimeSensor": f"{_SENSOR}.time:!",
    },
    "airflow.partition_mappers": _all(
        _DEF + ".partition_mappers",
        *("AllowedKeyMapper", "ChainMapper", "FanOutMapper", "FixedKeyMapper", "IdentityMapper", "PartitionMapper"),
        *("ProductMapper", "RollupMapper", "StartOfDayMapper", "StartOfHourMapper", "StartOfMonthMapper"),
        *("StartOfQuarterMapper", "StartOfWeekMapper", "StartOfYearMapper", "MinimumCount", "WaitForAll", "WaitPolicy"),
        *("DayWindow", "HourWindow", "MonthWindow", "QuarterWindow", "SegmentWindow", "WeekWindow", "Window"),
        "YearWindow",
    ),
    "airflow.sdk.api": {},
    "airflow.sdk.api.datamodels": {},
    "airflow.sdk.definitions.timetables": {},
    "airflow.sdk.log": _all("airflow.utils.log.secrets_masker", "mask_secret", "redact"),
    "airflow.sensors": {},
    "airflow.sensors.time_sensor": _all(_SENSOR + ".time", "TimeSensor"),
    "airflow.task": {},
    "airflow.template": {},
    "airflow.utils.setup_teardown": _all(
        _DEF + "._internal.contextmanager", "ContextWrapper", "SetupTeardownContext", "context_wrapper"
    ),
    "airflow.utils.xcom": _all(_BASE + ".xcom", "XCOM_RETURN_KEY"),
}

_PROVIDER = "moved to a provider package; install that package and import the class from airflow.providers"
_NOT_YET = "is not part of Tradewind's airflow package yet"

# Paths that nothing takes the place of, and what to do instead.
ABSENT: dict[str, str] = {
    "airflow.contrib": _PROVIDER,
    "airflow.hooks": _PROVIDER,
    "airflow.operators": _PROVIDER,
    "airflow.sensors": _PROVIDER,
}

from airflow import _alias_table_eras as _eras  # noqa: E402
from airflow import _alias_table_providers as _providers  # noqa: E402

for _part in (_providers, _eras):
    MODULES.update(_part.MODULES)
    NAMES.update(_part.NAMES)
    ABSENT.update(_part.ABSENT)
    for _module, _more in _part.MORE_NAMES.items():
        if _module in NAMES:
            NAMES[_module].update(_more)
