"""How a try ended, and which exception means what."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk import exceptions as exc


@dataclass
class Outcome:
    """The end of a try, as `protocol::frames::Done`."""

    state: str
    reason: str | None = None
    xcoms: dict[str, Any] = field(default_factory=dict)
    map_length: int | None = None
    reschedule_at: str | None = None
    skip: list[str] = field(default_factory=list)
    asset_updates: list[dict[str, Any]] = field(default_factory=list)
    deferral: dict[str, Any] | None = None
    error: BaseException | None = None

    def as_message(self) -> dict[str, Any]:
        """The last frame."""
        from airflow._runtime.supervisor import masked

        message: dict[str, Any] = {"type": "done", "state": self.state}
        if self.reason is not None:
            message["reason"] = masked(self.reason)
        if self.map_length is not None:
            message["map_length"] = self.map_length
        for name in ("xcoms", "reschedule_at", "skip", "asset_updates", "deferral"):
            value = getattr(self, name)
            if value:
                message[name] = value
        return message


def outcome_of(error: BaseException, ti: Any) -> Outcome:
    """What an exception that left the task's code means."""
    from airflow._runtime.load import one_line

    log = logging.getLogger("airflow.task")
    if isinstance(error, exc.AirflowSkipException):
        log.info("Skipping task: %s", error)
        return Outcome("skipped", reason=str(error) or None, error=error)
    if isinstance(error, exc.DownstreamTasksSkipped):
        tasks = [error.tasks] if isinstance(error.tasks, str) else list(error.tasks)
        ids = [item[0] if isinstance(item, tuple) else getattr(item, "task_id", item) for item in tasks]
        log.info("Skipping downstream tasks %s", ids)
        ti.skip_tasks(ids)
        return Outcome("success", skip=ids)
    if isinstance(error, exc.AirflowRescheduleException):
        from airflow._serialize.values import instant

        at = instant(error.reschedule_date)
        log.info("Rescheduling task; the next look is at %s", at)
        return Outcome("up_for_reschedule", reschedule_at=at)
    if isinstance(error, exc.TaskDeferred):
        from airflow._runtime.deferral import deferred

        try:
            return deferred(error, ti)
        except Exception as problem:
            log.error("The task can't wait", exc_info=problem)
            return Outcome("up_for_retry", reason=one_line(problem), error=problem)
    if isinstance(error, exc.TaskAwaitingInput):
        from airflow._runtime.deferral import awaiting_input

        return awaiting_input(error, ti)
    if isinstance(error, (exc.AirflowFailException, exc.AirflowSensorTimeout)):
        log.error("Task failed; it will not be tried again", exc_info=error)
        return Outcome("failed", reason=one_line(error), error=error)
    if isinstance(error, exc.AirflowTaskTerminated):
        return Outcome("up_for_retry", reason="the task was asked to stop (SIGTERM)", error=error)
    if isinstance(error, SystemExit):
        if error.code in (None, 0):
            return Outcome("success")
        log.error("Task called sys.exit(%r)", error.code)
        return Outcome("up_for_retry", reason=f"the task called sys.exit({error.code!r})", error=error)
    log.error("Task failed with exception", exc_info=error)
    return Outcome("up_for_retry", reason=one_line(error), error=error)
