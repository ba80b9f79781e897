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
    retry_at: str | None = None
    called_back: bool = False

    @property
    def tells_people(self) -> bool:
        """What people see of the try is known: it is over, or waits and may end without a process."""
        known = self.state in ("success", "failed", "up_for_retry", "skipped", "deferred")
        return known and not self.was_terminated

    @property
    def was_terminated(self) -> bool:
        """Somebody asked the task to stop."""
        return isinstance(self.error, exc.AirflowTaskTerminated)

    def as_message(self) -> dict[str, Any]:
        """The last frame."""
        from airflow._runtime.supervisor import masked

        message: dict[str, Any] = {"type": "done", "state": self.state}
        if self.reason is not None:
            message["reason"] = masked(self.reason)
        if self.map_length is not None:
            message["map_length"] = self.map_length
        for name in ("xcoms", "reschedule_at", "retry_at", "called_back", "skip", "asset_updates", "deferral"):
            value = getattr(self, name)
            if value:
                message[name] = value
        return message


def by_policy(outcome: Outcome, ti: Any) -> Outcome:
    """What the task's retry policy makes of a failure."""
    policy = getattr(ti.task, "retry_policy", None)
    if policy is None or outcome.state != "up_for_retry" or outcome.error is None or outcome.was_terminated:
        return outcome
    from airflow.sdk.definitions.retry_policy import RetryAction

    log = logging.getLogger("airflow.task")
    try:
        decision = policy.evaluate(outcome.error, ti.try_number, ti.max_tries, ti.get_template_context())
    except Exception:
        log.exception("The retry policy failed; the task's retries and retry_delay decide")
        return outcome
    reason = decision.reason or "no reason given"
    if decision.action is RetryAction.FAIL:
        log.info("The retry policy fails the task: %s", reason)
        outcome.state = "failed"
        outcome.reason = f"{outcome.reason} (retry policy: {reason})"
    elif decision.action is RetryAction.RETRY and ti.is_eligible_to_retry():
        log.info("The retry policy has the task tried again: %s", reason)
        outcome.reason = f"{outcome.reason} (retry policy: {reason})"
        if decision.retry_delay is not None:
            from airflow._serialize.values import instant
            from airflow.sdk import timezone

            outcome.retry_at = instant(timezone.utcnow() + decision.retry_delay)
    return outcome


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
    if isinstance(error, exc.DagRunTriggerException):
        from airflow._runtime.triggered_run import start

        try:
            start(error, ti)
        except BaseException as said:
            return outcome_of(said, ti)
        return Outcome("success")
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
