"""A task that does nothing."""

from __future__ import annotations

from typing import Any

from airflow.sdk.bases.operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing; groups other tasks in the graph. The scheduler finishes it without a process."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context: Any) -> None:
        """Nothing."""


class DummyOperator(EmptyOperator):
    """Airflow 1's name of :class:`EmptyOperator`."""
