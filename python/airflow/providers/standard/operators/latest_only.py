"""Going on only in the newest run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.sdk.bases.branch import BaseBranchOperator


class LatestOnlyOperator(BaseBranchOperator):
    """Skips what is directly downstream unless the run is the newest one that is due; manual runs go on."""

    ui_color = "#e9ffdb"

    def choose_branch(self, context: Any) -> Any:
        """Everything, or nothing."""
        run = context["ti"].dag_run
        if run.run_type == "manual":
            self.log.info("Manually triggered DAG_Run: allowing execution to proceed.")
            return list(self.downstream_task_ids)
        from airflow.timetables._next import end_of_window

        now = datetime.now(tz=timezone.utc)
        end = end_of_window(self.dag.timetable, run)
        self.log.info("Checking latest only: the next run is due at %s, now it is %s", end, now)
        if end is not None and now > end:
            self.log.info("Not latest execution, skipping downstream.")
            return []
        self.log.info("Latest, allowing execution to proceed.")
        return list(self.downstream_task_ids)
