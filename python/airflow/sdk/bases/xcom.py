"""XComs by ids, for code that has no ``ti`` at hand."""

from __future__ import annotations

from typing import Any

from airflow._runtime.xcom_codec import decode, encode

XCOM_RETURN_KEY = "return_value"


class BaseXCom:
    """Reads and writes XComs of the running task's DAG and others."""

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
        **kwargs: Any,
    ) -> Any:
        """One value, or None."""
        from airflow._runtime import supervisor

        value = supervisor.call_or_none(
            "xcom_get",
            key=key,
            task_id=task_id,
            dag_id=dag_id,
            run_id=run_id,
            map_index=map_index,
            include_prior_dates=include_prior_dates or None,
        )
        return decode(value)

    get_value = get_one

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

        values = supervisor.call("xcom_get_all", key=key, task_id=task_id, dag_id=dag_id, run_id=run_id)
        return [decode(value) for value in values]

    @classmethod
    def set(cls, key: str, value: Any, **kwargs: Any) -> None:
        """Store a value of the running task."""
        from airflow._runtime import supervisor

        supervisor.call("xcom_set", key=key, value=encode(value))

    @staticmethod
    def serialize_value(value: Any, **kwargs: Any) -> Any:
        """The value as JSON."""
        return encode(value)

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        """The reverse of :meth:`serialize_value`."""
        return decode(getattr(result, "value", result))


XCom = BaseXCom
