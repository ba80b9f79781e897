"""Names of Airflow's database tables, so that files that import them load.

DAG files and tasks have no database here. Runs, task instances and DAGs can be looked up by the task API (see
``_query``); what else these classes were used for is done by REST, by ``ti`` and ``dag_run`` of the context, or by
``Variable`` and ``Connection``, and using one says so.
"""

from __future__ import annotations

from typing import Any

from airflow.models._query import Queryable

ID_LEN = 250


class NoDatabase(RuntimeError):
    """Something wanted Airflow's database."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} needs Airflow's database, which DAG files and tasks do not have in Tradewind (nor in Airflow 3); "
            "use the REST API or the task's context"
        )


class _Refuses(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NoDatabase(f"{cls.__name__}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise NoDatabase(f"{cls.__name__}()")


class Base(metaclass=_Refuses):
    """Base of the tables."""


class _DagModelMeta(Queryable, columns=("dag_id", "is_paused", "is_active")):
    """Lets ``DagModel.dag_id`` and the like stand in queries."""


class DagModel(metaclass=_DagModelMeta):
    """What Tradewind knows of a DAG by its id."""

    def __init__(self, dag_id: str, data: dict[str, Any]) -> None:
        self.dag_id = dag_id
        self.is_paused: bool = data["is_paused"]
        self.is_active = True
        self.task_ids: list[str] = data["tasks"]

    @classmethod
    def get_dagmodel(cls, dag_id: str, session: Any = None) -> DagModel | None:
        """A DAG, or None if there is none of that id."""
        from airflow._runtime import supervisor

        data = supervisor.call_or_none("dag_get", dag_id=dag_id)
        return None if data is None else cls(dag_id, data)

    get_current = get_dagmodel

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NoDatabase(f"{name} of a DAG's row")

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"


class DagTag(Base):
    """A DAG's tag."""


class Pool(Base):
    """A pool's row."""

    DEFAULT_POOL_NAME = "default_pool"


class TaskReschedule(Base):
    """A rescheduled sensor's row."""


class Trigger(Base):
    """A trigger's row."""


class Log(Base):
    """An event's row."""


class AssetModel(Base):
    """An asset's row."""


class AssetAliasModel(Base):
    """An alias's row."""


class AssetEvent(Base):
    """An asset event's row."""


def clear_task_instances(*args: Any, **kwargs: Any) -> None:
    """Refused: clearing is done by REST or the command line."""
    raise NoDatabase("clear_task_instances")


class RenderedTaskInstanceFields(Base):
    """Rendered template fields of a try."""


class SerializedDagModel(Base):
    """A serialized DAG's row."""


class SimpleTaskInstance(Base):
    """A task instance as Airflow 2's scheduler handed it over."""


class XComModel(Base):
    """An XCom's row."""


class TaskStateModel(Base):
    """A task's kept state."""


class DagCode(Base):
    """A DAG file's text."""


class DagPickle(Base):
    """A pickled DAG of Airflow 1."""


class DagRunNote(Base):
    """A note about a run."""


class PoolStats(Base):
    """How full a pool is."""


class TaskInstanceNote(Base):
    """A note about a task instance."""


class DagWarning(Base):
    """A warning about a DAG."""


class ParseImportError(Base):
    """What is wrong with a DAG file; ``ImportError`` of Airflow 1 and 2."""


class TaskFail(Base):
    """A failed try of Airflow 1 and 2."""


class TaskInstanceHistory(Base):
    """A try that is over."""


class TaskMap(Base):
    """How long what a task returned is."""


def get_fernet() -> Any:
    """Refused: keys of the database stay in the server."""
    raise NoDatabase("get_fernet")
