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
        now = datetime.now(tz=timezone.utc)
        end = _end_of_window(self.dag.timetable, run)
        self.log.info("Checking latest only: the next run covers up to %s, now it is %s", end, now)
        if end is not None and now > end:
            self.log.info("Not latest execution, skipping downstream.")
            return []
        self.log.info("Latest, allowing execution to proceed.")
        return list(self.downstream_task_ids)


def _end_of_window(timetable: Any, run: Any) -> datetime | None:
    """The end of what the run after this one covers, as its timetable says; None: no run follows by itself."""
    from airflow.timetables.base import DataInterval, TimeRestriction

    date = run.logical_date or run.run_after
    current = DataInterval(start=run.data_interval_start or date, end=run.data_interval_end or date)
    following = timetable.next_dagrun_info(
        last_automated_data_interval=current,
        restriction=TimeRestriction(earliest=current.end, latest=None, catchup=True),
    )
    return None if following is None else following.data_interval.end
