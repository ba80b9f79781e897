"""XComs by ids, for code that has no ``ti`` at hand, and the base class of custom XCom backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow._runtime.xcom_codec import decode, encode

if TYPE_CHECKING:
    from airflow.models._xcom_rows import XComRows

XCOM_RETURN_KEY = "return_value"


def _run_id(dag_id: str | None, execution_date: Any) -> str:
    """Id of the run of a date; of the running task's DAG unless another is named."""
    from airflow.sdk.definitions.context import get_current_context
    from airflow.sdk.execution_time.task_instance import DagRun

    dag_id = dag_id or get_current_context()["ti"].dag_id
    found = DagRun.find(dag_id=dag_id, execution_date=execution_date)
    if not found:
        raise LookupError(f"DAG {dag_id!r} has no run of {execution_date}")
    run_id: str = found[0].run_id
    return run_id


class BaseXCom:
    """Reads and writes XComs of the running task's DAG and others.

    A subclass named by ``[core] xcom_backend`` changes what is stored by overriding :meth:`serialize_value` and
    :meth:`deserialize_value`, and cleans up in :meth:`purge`.
    """

    XCOM_RETURN_KEY = XCOM_RETURN_KEY

    @classmethod
    def get_one(
        cls,
        *,
        key: str = XCOM_RETURN_KEY,
        task_id: str,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
        include_prior_dates: bool = False,
        execution_date: Any = None,
        **kwargs: Any,
    ) -> Any:
        """One value, or None. The run is the task's own unless ``run_id`` (or ``execution_date``) names another."""
        from airflow._runtime import supervisor
        from airflow._runtime.wire import CallError
        from airflow._runtime.xcom_backend import from_store

        if run_id is None and execution_date is not None:
            run_id = _run_id(dag_id, execution_date)
        try:
            value = supervisor.call(
                "xcom_get",
                key=key,
                task_id=task_id,
                dag_id=dag_id,
                run_id=run_id,
                map_index=map_index,
                include_prior_dates=include_prior_dates or None,
            )
        except CallError as error:
            if error.code == "not_found":
                return None
            raise
        return from_store(value, key)

    @classmethod
    def get_value(cls, *, ti_key: Any = None, key: str = XCOM_RETURN_KEY, **kwargs: Any) -> Any:
        """One value of the task instance that a key names, as links of providers ask for it, or None."""
        if ti_key is not None:
            index = ti_key.map_index if ti_key.map_index >= 0 else None
            kwargs = {"task_id": ti_key.task_id, "dag_id": ti_key.dag_id, "run_id": ti_key.run_id, "map_index": index}
        return cls.get_one(key=key, **kwargs)

    @classmethod
    def get_many(
        cls,
        *,
        key: str | None = None,
        task_ids: Any = None,
        dag_ids: Any = None,
        run_id: str | None = None,
        execution_date: Any = None,
        map_indexes: Any = None,
        include_prior_dates: bool = False,
        limit: int | None = None,
        **kwargs: Any,
    ) -> XComRows:
        """Values that several tasks of a run pushed under a key, as rows with ids and ``value``."""
        from airflow.models._xcom_rows import find_rows

        if run_id is None and execution_date is not None:
            run_id = _run_id(dag_ids if isinstance(dag_ids, str) else None, execution_date)
        found = find_rows(cls, key or XCOM_RETURN_KEY, task_ids, dag_ids, run_id, map_indexes, include_prior_dates)
        return type(found)(found[:limit])

    @classmethod
    def get_all(
        cls,
        *,
        key: str = XCOM_RETURN_KEY,
        task_id: str,
        dag_id: str | None = None,
        run_id: str | None = None,
        **kw: Any,
    ) -> list[Any]:
        """Values of all instances of a mapped task."""
        from airflow._runtime import supervisor
        from airflow._runtime.xcom_backend import from_store

        values = supervisor.call("xcom_get_all", key=key, task_id=task_id, dag_id=dag_id, run_id=run_id)
        return [from_store(value, key) for value in values]

    @classmethod
    def set(cls, key: str, value: Any, **kwargs: Any) -> None:
        """Store a value of the running task."""
        from airflow.sdk.definitions.context import get_current_context

        get_current_context()["ti"].xcom_push(key=key, value=value)

    @classmethod
    def delete(cls, key: str, **kwargs: Any) -> None:
        """Forget a value of the running task."""
        from airflow._runtime import supervisor
        from airflow._runtime.xcom_backend import backend, forget
        from airflow.sdk.definitions.context import get_current_context

        if backend() is not None:
            ti = get_current_context()["ti"]
            index = ti.map_index if ti.map_index >= 0 else None
            stored = supervisor.call_or_none("xcom_get", key=key, task_id=ti.task_id, map_index=index)
            if stored is not None:
                forget(stored, key)
        supervisor.call("xcom_delete", key=key)

    @classmethod
    def purge(cls, xcom: Any, *args: Any) -> None:
        """Hook: a stored value is about to be deleted."""

    @staticmethod
    def serialize_value(value: Any, **kwargs: Any) -> Any:
        """What is stored: JSON."""
        return encode(value)

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        """The value of what was stored."""
        return decode(getattr(result, "value", result))


XCom = BaseXCom
