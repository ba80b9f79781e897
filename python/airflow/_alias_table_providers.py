"""Import paths that provider packages use besides those of DAG files, among them Airflow's private ones."""

from __future__ import annotations

_DEF = "airflow.sdk.definitions"
_TI = "airflow.sdk.execution_time.task_instance"
_ENGINE = "airflow._engine_side"
_COMMANDS = "airflow._provider_commands"
_MASKER = "airflow.utils.log.masker"


def _all(home: str, *names: str) -> dict[str, str]:
    return {name: f"{home}:" for name in names}


# Module path to the module that has its contents.
MODULES: dict[str, str] = {
    "airflow._shared.module_loading": "airflow.utils.module_loading",
    "airflow.api_fastapi.common.router": _ENGINE,
    "airflow.api_fastapi.core_api.base": _ENGINE,
    "airflow.lineage.hook": "airflow.sdk.lineage",
    "airflow.observability.metrics.stats_utils": "airflow.sdk.observability.stats",
    "airflow.observability.stats": "airflow.sdk.observability.stats",
    "airflow.sdk._shared.module_loading": "airflow.utils.module_loading",
    "airflow.sdk._shared.listeners": "airflow.listeners",
    "airflow.sdk._shared.observability.metrics.stats": "airflow.sdk.observability.stats",
    "airflow.sdk._shared.state": "airflow.sdk.state",
    "airflow.sdk._shared.timezones.timezone": "airflow.sdk.timezone",
    "airflow.sdk.listener": "airflow.listeners.listener",
    "airflow.sdk.plugins_manager": "airflow.plugins_manager",
    "airflow.sdk.providers_manager_runtime": "airflow.providers_manager",
    "airflow.stats": "airflow.sdk.observability.stats",
    "airflow.utils.timeout": "airflow.sdk.execution_time.timeout",
}

_SECRETS = {
    **_all(_MASKER, "Redactable", "Redacted", "SecretsMasker", "_secrets_masker"),
    **_all("airflow.utils.log.secrets_masker", "mask_secret", "redact", "should_hide_value_for_key"),
}
_DETAILS = _all(
    _ENGINE,
    *("AccessView", "AssetAliasDetails", "AssetDetails", "BackfillDetails", "ConfigurationDetails"),
    *("ConnectionDetails", "DagAccessEntity", "DagDetails", "PoolDetails", "TeamDetails", "VariableDetails"),
)
_WORKLOADS = _all(_ENGINE, "ExecuteCallback", "ExecuteTask", "ExecutorWorkload")
_CONTEXT_VARS = _all(
    "airflow.utils.operator_helpers",
    *("AIRFLOW_VAR_NAME_FORMAT_MAPPING", "DEFAULT_FORMAT_PREFIX", "context_to_airflow_vars"),
)
_DEFAULTS = _all(
    _DEF + "._internal.abstractoperator",
    *("DEFAULT_OWNER", "DEFAULT_POOL_SLOTS", "DEFAULT_PRIORITY_WEIGHT", "DEFAULT_QUEUE", "DEFAULT_RETRIES"),
    *("DEFAULT_RETRY_DELAY", "DEFAULT_TRIGGER_RULE", "DEFAULT_WEIGHT_RULE"),
)

# Packages and modules that are only names found elsewhere.
NAMES: dict[str, dict[str, str]] = {
    "airflow._shared": {},
    "airflow.api_fastapi": {},
    "airflow.api_fastapi.app": _all(
        _ENGINE,
        *("API_ROOT_PATH", "AUTH_MANAGER_FASTAPI_APP_PREFIX", "create_auth_manager", "get_auth_manager"),
        "get_cookie_path",
    ),
    "airflow.api_fastapi.auth": {},
    "airflow.api_fastapi.auth.managers": {},
    "airflow.api_fastapi.auth.managers.base_auth_manager": _all(
        _ENGINE, "BaseAuthManager", "COOKIE_NAME_JWT_TOKEN", "ExtendedResourceMethod", "ResourceMethod"
    ),
    "airflow.api_fastapi.auth.managers.models": {},
    "airflow.api_fastapi.auth.managers.models.base_user": _all(_ENGINE, "BaseUser"),
    "airflow.api_fastapi.auth.managers.models.resource_details": _DETAILS,
    "airflow.api_fastapi.common": {},
    "airflow.api_fastapi.common.types": _all(_ENGINE, "ExtraMenuItem", "MenuItem"),
    "airflow.api_fastapi.core_api": {},
    "airflow.api_fastapi.core_api.security": _all(_ENGINE, "get_user"),
    "airflow.cli": {},
    "airflow.cli.cli_config": _all(
        _COMMANDS,
        *("ARG_BUNDLE_NAME", "ARG_DAG_ID", "ARG_EXECUTION_DATE", "ARG_LOGICAL_DATE", "ARG_OUTPUT", "ARG_OUTPUT_PATH"),
        *("ARG_SUBDIR", "ARG_VERBOSE", "ARG_YES", "ActionCommand", "Arg", "CLICommand", "GroupCommand"),
        *("lazy_load_command", "positive_int"),
    ),
    "airflow.executors": {},
    "airflow.executors.base_executor": _all(_ENGINE, "BaseExecutor", "EventBufferValueType", "ExecutorConf"),
    "airflow.executors.executor_loader": _all(_ENGINE, "ExecutorLoader"),
    "airflow.executors.local_executor": _all(_ENGINE, "LocalExecutor"),
    "airflow.executors.workloads": _WORKLOADS,
    "airflow.executors.workloads.base": _all(_ENGINE, "WorkloadType"),
    "airflow.executors.workloads.types": _all(_ENGINE, "TaskInstanceUuid", "WorkloadKey", "WorkloadState"),
    "airflow.jobs": {},
    "airflow.jobs.job": _all(_ENGINE, "Job"),
    "airflow.lineage": {},
    "airflow.sdk.execution_time.context": {
        **_CONTEXT_VARS,
        **_all("airflow._runtime.accessors", "ConnectionAccessor", "VariableAccessor"),
        **_all("airflow._runtime.state_store", "NEVER_EXPIRE"),
    },
    "airflow.models.renderedtifields": _all("airflow.models.orm", "RenderedTaskInstanceFields"),
    "airflow.models.serialized_dag": _all("airflow.models.orm", "SerializedDagModel"),
    "airflow.observability": {},
    "airflow.observability.metrics": {},
    "airflow.sdk._shared": {},
    "airflow.sdk._shared.configuration": {},
    "airflow.sdk._shared.configuration.exceptions": _all("airflow.sdk.exceptions", "AirflowConfigException"),
    "airflow.sdk._shared.observability": {},
    "airflow.sdk._shared.observability.metrics": {},
    "airflow.sdk._shared.secrets_masker": _SECRETS,
    "airflow.sdk._shared.timezones": {},
    "airflow.sdk.execution_time.secrets_masker": _SECRETS,
    "airflow.serialization.definitions": {},
    "airflow.serialization.definitions.dag": _all("airflow.serialization.serialized_objects", "SerializedDAG"),
    "airflow.serialization.definitions.mappedoperator": _all(
        "airflow.serialization.serialized_objects", "SerializedMappedOperator"
    ),
    "airflow.utils.cli": _all(
        _COMMANDS, "action_cli", "get_bagged_dag", "get_dag", "setup_locations", "suppress_logs_and_warning"
    ),
    "airflow.utils.providers_configuration_loader": _all(_COMMANDS, "providers_configuration_loaded"),
}

# Names that modules of the other table have for providers alone.
MORE_NAMES: dict[str, dict[str, str]] = {
    "airflow.models.abstractoperator": _DEFAULTS,
    "airflow.models.dagrun": _all("airflow.utils.types", "DagRunType"),
    "airflow.models.taskinstance": {
        **_all("airflow.models.orm", "SimpleTaskInstance"),
        **_all("airflow.sdk.types", "TaskInstanceKey"),
    },
}

_OWN_COMMANDS = "Tradewind's command line is its own and does not run commands of providers"

# Paths that nothing takes the place of, and why.
ABSENT: dict[str, str] = {
    "airflow.api.common": "Tradewind is the engine; start runs by REST or `tradewind dags trigger`",
    "airflow.auth": "a path of Airflow 2; Tradewind offers what replaced it, airflow.api_fastapi.auth",
    "airflow.cli.cli_parser": _OWN_COMMANDS,
    "airflow.cli.commands": _OWN_COMMANDS,
    "airflow.sdk.execution_time.coordinator": "Tradewind is the engine and coordinates tasks itself",
    "airflow.www": "a part of Airflow 2's web server, which Tradewind does not have",
}
