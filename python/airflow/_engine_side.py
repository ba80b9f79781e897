"""Names of Airflow's scheduler, web server and tables that provider modules derive from or mention.

Tradewind's executors, logins and web server are its own and never call these. They are here so that modules which
define executors or auth managers load beside the operators and hooks that people use; making one says what to use.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

from airflow.utils.log.logging_mixin import LoggingMixin


class NotInTradewind(RuntimeError):
    """Something wanted a part of Airflow's engine."""


class _Part:
    """Base of the parts: may be derived from, but not made."""

    #: What Tradewind has in its place.
    instead = "Tradewind is the engine"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotInTradewind(f"{type(self).__name__} is a part of Airflow's engine: {self.instead}")


_EXECUTORS = "set [core] executor to LocalExecutor or EdgeExecutor, Tradewind's own"
_LOGIN = "users and logins are Tradewind's own; see [core] auth_manager"


class BaseExecutor(_Part, LoggingMixin):
    """Starts tasks somewhere."""

    instead = _EXECUTORS
    supports_ad_hoc_ti_run = False
    supports_callbacks = False
    supports_multi_team = False
    supports_connection_test = False
    sentry_integration = ""
    is_local = False
    is_production = True
    pre_assigns_external_executor_id = False
    serve_logs = False
    job_id: Any = None
    name: Any = None
    callback_sink: Any = None

    @staticmethod
    def get_cli_commands() -> list[Any]:
        """Commands that an executor adds: none."""
        return []


class LocalExecutor(BaseExecutor):
    """Starts tasks on this machine."""


class ExecutorConf:
    """Reads the configuration, as executors do."""

    def __init__(self, team_name: str | None = None) -> None:
        self.team_name = team_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from airflow.configuration import conf

        return getattr(conf, name)


class ExecutorLoader(_Part):
    """Finds executors."""

    instead = _EXECUTORS


class Job(_Part):
    """A running scheduler, triggerer or dag-processor."""

    instead = "GET /api/v2/jobs or `tradewind jobs` says what runs"


class Workload(_Part):
    """Work for an executor."""

    instead = _EXECUTORS


class ExecuteTask(Workload):
    """A task to run."""


class ExecuteCallback(Workload):
    """A callback to run."""


EventBufferValueType = tuple[Any, ...]
ExecutorWorkload = WorkloadType = WorkloadKey = WorkloadState = TaskInstanceUuid = Any


class BaseAuthManager(_Part, LoggingMixin):
    """Says who may do what."""

    instead = _LOGIN

    @classmethod
    def __class_getitem__(cls, item: Any) -> type:
        return cls


class BaseUser:
    """Somebody who is logged in."""

    def get_id(self) -> str:
        """A key that is nobody else's."""
        raise NotImplementedError

    def get_name(self) -> str:
        """What people call them."""
        raise NotImplementedError


COOKIE_NAME_JWT_TOKEN = "_token"
AUTH_MANAGER_FASTAPI_APP_PREFIX = "/auth"
API_ROOT_PATH = "/"
ResourceMethod = Literal["GET", "POST", "PUT", "DELETE"]
ExtendedResourceMethod = Literal["GET", "POST", "PUT", "DELETE", "MENU"]


def get_auth_manager(*args: Any, **kwargs: Any) -> Any:
    """Refused: there is none in Python."""
    raise NotInTradewind(f"there is no auth manager in Python: {_LOGIN}")


get_user = create_auth_manager = get_auth_manager


def get_cookie_path() -> str:
    """The path that cookies are for: that of ``[api] base_url``."""
    from urllib.parse import urlsplit

    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="") or "").path or "/"


class AccessView(Enum):
    """Pages that may be forbidden."""

    CLUSTER_ACTIVITY = "CLUSTER_ACTIVITY"
    DOCS = "DOCS"
    IMPORT_ERRORS = "IMPORT_ERRORS"
    JOBS = "JOBS"
    PLUGINS = "PLUGINS"
    PROVIDERS = "PROVIDERS"
    TRIGGERS = "TRIGGERS"
    WEBSITE = "WEBSITE"


class DagAccessEntity(Enum):
    """Parts of a DAG that may be forbidden."""

    AUDIT_LOG = "AUDIT_LOG"
    CODE = "CODE"
    DEPENDENCIES = "DEPENDENCIES"
    HITL_DETAIL = "HITL_DETAIL"
    RUN = "RUN"
    TASK = "TASK"
    TASK_INSTANCE = "TASK_INSTANCE"
    TASK_LOGS = "TASK_LOGS"
    VERSION = "VERSION"
    WARNING = "WARNING"
    XCOM = "XCOM"


class MenuItem(Enum):
    """Entries of the menu."""

    REQUIRED_ACTIONS = "Required Actions"
    ASSETS = "Assets"
    AUDIT_LOG = "Audit Log"
    CONFIG = "Config"
    CONNECTIONS = "Connections"
    DAGS = "Dags"
    DEADLINES = "Deadlines"
    DOCS = "Docs"
    JOBS = "Jobs"
    PLUGINS = "Plugins"
    POOLS = "Pools"
    PROVIDERS = "Providers"
    VARIABLES = "Variables"
    XCOMS = "XComs"


class _Details:
    """Names one thing that somebody wants to see or change."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = {**dict(zip(self.__slots__, args)), **kwargs}
        unknown = set(given) - set(self.__slots__)
        if unknown or len(args) > len(self.__slots__):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.__slots__)}")
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def _values(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


def _details(name: str, *fields: str) -> Any:
    return type(name, (_Details,), {"__slots__": fields, "__doc__": "Names one of its kind.", "__module__": __name__})


ConfigurationDetails = _details("ConfigurationDetails", "section")
ConnectionDetails = _details("ConnectionDetails", "conn_id", "team_name")
DagDetails = _details("DagDetails", "id", "team_name")
BackfillDetails = _details("BackfillDetails", "id")
AssetDetails = _details("AssetDetails", "id")
AssetAliasDetails = _details("AssetAliasDetails", "id")
PoolDetails = _details("PoolDetails", "name", "team_name")
TeamDetails = _details("TeamDetails", "name")
VariableDetails = _details("VariableDetails", "key", "team_name")
ExtraMenuItem = _details("ExtraMenuItem", "text", "href")


def __getattr__(name: str) -> Any:
    """Classes whose bases are of packages that only Airflow's web server needs."""
    if name == "AirflowRouter":
        from fastapi import APIRouter

        value: Any = type(name, (APIRouter,), {"__doc__": "Routes of the web server.", "__module__": __name__})
    elif name in ("BaseModel", "StrictBaseModel"):
        import pydantic

        extra: Any = "forbid" if name == "StrictBaseModel" else "ignore"
        config = pydantic.ConfigDict(from_attributes=True, populate_by_name=True, extra=extra)
        value = type(
            name, (pydantic.BaseModel,), {"model_config": config, "__module__": __name__, "__doc__": "A body."}
        )
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
