"""Import paths of Airflow 1 and 2 that few files use: database tables, decorators' modules, triggering by function."""

from __future__ import annotations

_STANDARD = "airflow.providers.standard"
_DEF = "airflow.sdk.definitions"
_BASE = "airflow.sdk.bases"
_ORM = "airflow.models.orm"
_TRIGGER = "airflow._trigger_dag"


def _all(home: str, *names: str) -> dict[str, str]:
    return {name: f"{home}:" for name in names}


# Module path to the module that has its contents.
MODULES: dict[str, str] = {
    "airflow.decorators.bash": _STANDARD + ".decorators.bash",
    "airflow.decorators.branch_external_python": _STANDARD + ".decorators.branch_external_python",
    "airflow.decorators.branch_python": _STANDARD + ".decorators.branch_python",
    "airflow.decorators.branch_virtualenv": _STANDARD + ".decorators.branch_virtualenv",
    "airflow.decorators.condition": _STANDARD + ".decorators.condition",
    "airflow.decorators.external_python": _STANDARD + ".decorators.external_python",
    "airflow.decorators.python": _STANDARD + ".decorators.python",
    "airflow.decorators.python_virtualenv": _STANDARD + ".decorators.python_virtualenv",
    "airflow.decorators.sensor": _STANDARD + ".decorators.sensor",
    "airflow.decorators.short_circuit": _STANDARD + ".decorators.short_circuit",
    "airflow.operators.smooth": _STANDARD + ".operators.smooth",
    "airflow.sdk.definitions._internal.dag_parsing_context": _DEF + ".context",
}

# Packages and modules that are only names found elsewhere.
NAMES: dict[str, dict[str, str]] = {
    "airflow.api": {},
    "airflow.api.client": {},
    "airflow.api.client.local_client": _all(_TRIGGER, "Client"),
    "airflow.api.common": {},
    "airflow.api.common.experimental": {},
    "airflow.api.common.experimental.trigger_dag": _all(_TRIGGER, "trigger_dag"),
    "airflow.api.common.trigger_dag": _all(_TRIGGER, "trigger_dag"),
    "airflow.decorators.setup_teardown": {
        **_all(_DEF + ".decorators", "setup", "teardown"),
        **_all(_DEF + "._internal.contextmanager", "ContextWrapper", "context_wrapper"),
    },
    "airflow.models.crypto": _all(_ORM, "get_fernet"),
    "airflow.models.dagcode": _all(_ORM, "DagCode"),
    "airflow.models.dagpickle": _all(_ORM, "DagPickle"),
    "airflow.models.dagwarning": _all(_ORM, "DagWarning"),
    "airflow.models.errors": {**_all(_ORM, "ParseImportError"), "ImportError": _ORM + ":ParseImportError"},
    "airflow.models.log": _all(_ORM, "Log"),
    "airflow.models.taskfail": _all(_ORM, "TaskFail"),
    "airflow.models.taskinstancehistory": _all(_ORM, "TaskInstanceHistory"),
    "airflow.models.taskmap": _all(_ORM, "TaskMap"),
    "airflow.models.taskmixin": {
        **_all(_DEF + ".edges", "DependencyMixin"),
        **_all(_DEF + "._internal.node", "DAGNode"),
        "TaskMixin": _DEF + ".edges:DependencyMixin",
    },
    "airflow.models.taskreschedule": _all(_ORM, "TaskReschedule"),
    "airflow.models.trigger": _all(_ORM, "Trigger"),
}

# Names of packages and modules that the other tables have.
MORE_NAMES: dict[str, dict[str, str]] = {
    "airflow.datasets": {"BaseDataset": _DEF + ".asset:BaseAsset"},
    "airflow.models.dagrun": _all(_ORM, "DagRunNote"),
    "airflow.sdk.execution_time.context": _all("airflow._runtime.state_store", "NEVER_EXPIRE"),
    "airflow.models.pool": _all(_ORM, "PoolStats"),
    "airflow.models.taskinstance": _all(_ORM, "TaskInstanceNote"),
    "airflow.models": {
        **_all(_ORM, "DagPickle", "TaskFail"),
        "ImportError": _ORM + ":ParseImportError",
        "clear_task_instances": _ORM + ":",
    },
}

_GONE = "a part of Airflow's own engine, which Tradewind does not have; use the REST API"

# Paths that nothing takes the place of, and what to do instead.
ABSENT: dict[str, str] = {
    "airflow.api.auth": _GONE,
    "airflow.api.common": _GONE,
    "airflow.contrib.auth": "a part of Airflow's own web server; see [simple_auth_manager] for users",
    "airflow.contrib.executors": "an executor of Airflow's; name one of Tradewind's in [core] executor",
    "airflow.models.chart": "charts ended with Airflow 1",
    "airflow.models.knownevent": "known events ended with Airflow 1",
    "airflow.models.kubernetes": _GONE,
    "airflow.models.user": "users are the web server's; see [simple_auth_manager]",
    "airflow.task.task_runner": _GONE,
}
