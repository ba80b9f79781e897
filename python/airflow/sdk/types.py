"""Types that annotations name."""

from __future__ import annotations

from typing import Any, NamedTuple

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.execution_time.task_instance import DagRun, RuntimeTaskInstance

Operator = BaseOperator
RuntimeTaskInstanceProtocol = RuntimeTaskInstance
DagRunProtocol = DagRun
TaskInstance = RuntimeTaskInstance


class TaskInstanceKey(NamedTuple):
    """Ids and numbers that name a try."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1

    @property
    def primary(self) -> tuple[str, str, str, int]:
        """Without the try's number."""
        return self.dag_id, self.task_id, self.run_id, self.map_index

    @property
    def key(self) -> TaskInstanceKey:
        """Itself."""
        return self

    def with_try_number(self, try_number: int) -> TaskInstanceKey:
        """The same of another try."""
        return self._replace(try_number=try_number)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TaskInstanceKey:
        """From plain data."""
        return cls(**data)
