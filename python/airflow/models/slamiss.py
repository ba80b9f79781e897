"""Missed service levels of tasks, as callbacks of Airflow 1 and 2 see them."""

from __future__ import annotations

from typing import Any


class SlaMiss:
    """A task that was not done in time in one run."""

    def __init__(
        self, task_id: str, dag_id: str, execution_date: Any, timestamp: Any, run_id: str | None = None
    ) -> None:
        self.task_id = task_id
        self.dag_id = dag_id
        self.execution_date = execution_date
        self.timestamp = timestamp
        self.run_id = run_id
        self.email_sent = False
        self.notification_sent = False
        self.description: str | None = None

    @property
    def logical_date(self) -> Any:
        """Newer name of ``execution_date``."""
        return self.execution_date

    def __repr__(self) -> str:
        return str((self.dag_id, self.task_id, self.execution_date.isoformat() if self.execution_date else None))
