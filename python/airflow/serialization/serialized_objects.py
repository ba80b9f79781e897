"""Classes of what Airflow's scheduler reads back. Here the scheduler is not Python, so there are no such objects."""

from __future__ import annotations

from typing import Any

from airflow._engine_side import _Part


class BaseSerialization(_Part):
    """Reads and writes DAGs as JSON."""

    instead = "Tradewind serializes DAGs itself; use airflow.sdk.DAG, or GET /api/v2/dags for what is stored"


class SerializedBaseOperator(BaseSerialization):
    """A task that was read back."""


class SerializedMappedOperator(SerializedBaseOperator):
    """A mapped task that was read back."""


class SerializedDAG(BaseSerialization):
    """A DAG that was read back."""

    @classmethod
    def serialize_dag(cls, dag: Any) -> dict[str, Any]:
        """A DAG as the JSON that Tradewind keeps."""
        from airflow._serialize.dag import serialize_dag

        return serialize_dag(dag)

    to_dict = serialize_dag


class LazyDeserializedDAG(BaseSerialization):
    """A DAG that is read back in parts."""


def create_scheduler_operator(operator: Any) -> Any:
    """The operator itself: there is no other form of it."""
    return operator
