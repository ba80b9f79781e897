"""Waiting for a task or a run of another DAG."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException


class DuplicateStateError(AirflowException):
    """A state is named twice among those to allow, to skip on and to fail on."""


class ExternalTaskFailedError(AirflowException):
    """An awaited task failed."""


class ExternalTaskGroupFailedError(AirflowException):
    """An awaited task group failed."""


class ExternalDagFailedError(AirflowException):
    """An awaited run failed."""


class ExternalDagNotFoundError(AirflowException):
    """The awaited DAG does not exist."""


class ExternalTaskNotFoundError(AirflowException):
    """The awaited task does not exist."""


class ExternalTaskGroupNotFoundError(AirflowException):
    """The awaited task group does not exist."""


class ExternalDagLink(BaseOperatorLink):
    """To the DAG that is waited for."""

    @property
    def name(self) -> str:
        """What people see."""
        return "External DAG"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address that it leads to."""
        from airflow._runtime.pages import run_page

        return run_page(operator.external_dag_id, None)


ExternalTaskSensorLink = ExternalDagLink  # as Airflow 2 called it


class ExternalTaskSensor(BaseSensorOperator):
    """Waits until tasks of another DAG (or its whole run) of the same or a related logical date are in a state.

    In every mode it holds no slot while it waits: it defers, and is woken when the awaited run or task ends.
    """

    operator_extra_links = (ExternalDagLink(),)
    template_fields: Sequence[str] = (
        "external_dag_id",
        "external_task_id",
        "external_task_ids",
        "external_task_group_id",
    )
    ui_color = "#4db7db"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        allowed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        failed_states: Iterable[str] | None = None,
        execution_delta: timedelta | None = None,
        execution_date_fn: Callable[..., Any] | None = None,
        check_existence: bool = False,
        poll_interval: float | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if poll_interval is not None:
            kwargs.setdefault("poke_interval", poll_interval)
        super().__init__(**kwargs)
        if not external_task_ids:
            external_task_ids = None
        if sum(given is not None for given in (external_task_id, external_task_ids, external_task_group_id)) > 1:
            raise ValueError(
                "Only one of `external_task_id` or `external_task_ids` may be provided to ExternalTaskSensor; "
                "use external_task_id or external_task_ids or external_task_group_id."
            )
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError("Only one of `execution_delta` or `execution_date_fn` may be provided, not both.")
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        if external_task_id is not None:
            external_task_ids = [external_task_id]
        if isinstance(external_task_ids, (list, tuple, set, frozenset)):
            external_task_ids = list(external_task_ids)
        self.external_task_ids = external_task_ids
        self.external_task_group_id = external_task_group_id
        self.allowed_states = _texts(allowed_states) or ["success"]
        self.skipped_states = _texts(skipped_states)
        self.failed_states = _texts(failed_states)
        named = [*self.allowed_states, *self.skipped_states, *self.failed_states]
        if len(set(named)) != len(named):
            raise DuplicateStateError(
                "Duplicate values provided across allowed_states, skipped_states and failed_states."
            )
        of_tasks = bool(external_task_ids or external_task_group_id)
        valid = _TASK_STATES if of_tasks else _RUN_STATES
        if not set(named) <= valid:
            raise ValueError(
                f"task {self.task_id!r}: allowed_states, skipped_states and failed_states must be among "
                f"{sorted(valid)} when it waits for {'tasks' if of_tasks else 'runs'}"
            )
        self.execution_delta = execution_delta
        self.execution_date_fn = execution_date_fn
        self.check_existence = check_existence
        self.deferrable = _default_deferrable() if deferrable is None else deferrable
        self.external_dates_filter: str | None = None

    def _get_dttm_filter(self, context: Any) -> list[datetime]:
        date = context.get("logical_date")
        if date is None:
            date = context["ti"].dag_run.run_after
        if self.execution_delta is not None:
            return [date - self.execution_delta]
        if self.execution_date_fn is not None:
            from airflow._runtime.arguments import accepted

            rest = dict(accepted(self.execution_date_fn, (date,), context).items())
            found = self.execution_date_fn(date, **rest)
            return list(found) if isinstance(found, (list, tuple)) else [found]
        return [date]

    def _trigger(self, context: Any) -> Any:
        from airflow.providers.standard.triggers.external_task import WorkflowTrigger

        dates = self._get_dttm_filter(context)
        self.external_dates_filter = ",".join(date.isoformat() for date in dates)
        return WorkflowTrigger(
            external_dag_id=self.external_dag_id,
            external_task_group_id=self.external_task_group_id,
            external_task_ids=self.external_task_ids,
            allowed_states=self.allowed_states,
            failed_states=self.failed_states,
            skipped_states=self.skipped_states,
            poke_interval=self.poke_interval,
            soft_fail=self.soft_fail,
            logical_dates=dates,
        )

    def execute(self, context: Any) -> Any:
        """Wait; the slot is free meanwhile, whatever the mode."""
        if self.external_task_ids and len(self.external_task_ids) > len(set(self.external_task_ids)):
            raise ValueError("Duplicate task_ids passed in external_task_ids parameter")
        if self.check_existence:
            self._check_for_existence()
        trigger = self._trigger(context)
        what = self.external_task_ids or self.external_task_group_id or "the run"
        self.log.info("Waiting for %s of DAG %s on %s", what, self.external_dag_id, self.external_dates_filter)
        if type(self).poke is not ExternalTaskSensor.poke:
            return super().execute(context)  # its own idea of what to wait for
        waited = (datetime.now(tz=timezone.utc) - context["ti"].first_start).total_seconds()
        left = self.timeout if self.deferrable else max(self.timeout - waited, 0)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=left))
        return None

    def poke(self, context: Any) -> bool:
        """Whether they are in the states."""
        return self._act_on(self._trigger(context).status())

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> None:
        """The waiting is over."""
        status = (event or {}).get("status")
        if not self._act_on(status):
            raise AirflowException(
                "Error occurred while trying to retrieve task status. Please, check the name of executed task and Dag."
            )

    def _ends_natively(self) -> dict[str, Any] | None:
        if type(self) is not ExternalTaskSensor:
            return None
        return {"soft_fail": True} if self.soft_fail or self.never_fail else {}

    def _act_on(self, status: str | None) -> bool:
        where = f"in DAG {self.external_dag_id}"
        if status == "failed":
            if self.soft_fail:
                raise AirflowSkipException(f"What was waited for {where} failed. Skipping due to soft_fail.")
            if self.external_task_ids:
                raise ExternalTaskFailedError(f"Some of the external tasks {self.external_task_ids} {where} failed.")
            if self.external_task_group_id:
                raise ExternalTaskGroupFailedError(
                    f"The external task_group {self.external_task_group_id!r} {where} failed."
                )
            raise ExternalDagFailedError(f"The external DAG {self.external_dag_id} failed.")
        if status == "skipped":
            raise AirflowSkipException(f"What was waited for {where} reached a state in skipped_states. Skipping.")
        return status == "success"

    def _check_for_existence(self) -> None:
        from airflow._runtime import supervisor

        found = supervisor.call_or_none("dag_get", dag_id=self.external_dag_id)
        if found is None:
            raise ExternalDagNotFoundError(f"The external DAG {self.external_dag_id} does not exist.")
        for task_id in self.external_task_ids or ():
            if task_id not in found["tasks"]:
                raise ExternalTaskNotFoundError(
                    f"The external task {task_id} in DAG {self.external_dag_id} does not exist."
                )
        group = self.external_task_group_id
        if group is not None and group not in found["groups"]:
            raise ExternalTaskGroupNotFoundError(
                f"The external task group {group!r} in DAG {self.external_dag_id!r} does not exist."
            )


_RUN_STATES = {"queued", "running", "success", "failed", "restarting"}
_TASK_STATES = {
    "removed", "scheduled", "queued", "running", "success", "restarting", "failed", "up_for_retry", "up_for_reschedule",
    "upstream_failed", "skipped", "deferred", "awaiting_input",
}  # fmt: skip


def _texts(states: Iterable[str] | None) -> list[str]:
    return [str(getattr(state, "value", state)) for state in states or ()]


def _default_deferrable() -> bool:
    from airflow.configuration import conf

    return conf.getboolean("operators", "default_deferrable", fallback=False)


class ExternalTaskMarker(EmptyOperator):
    """Says that a task of another DAG depends on this one."""

    template_fields: Sequence[str] = ("external_dag_id", "external_task_id", "logical_date")
    operator_extra_links = (ExternalDagLink(),)
    ui_color = "#4db7db"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        logical_date: str | datetime | None = "{{ logical_date.isoformat() }}",
        execution_date: str | datetime | None = None,
        recursion_depth: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        date = execution_date if execution_date is not None else logical_date
        self.logical_date = date.isoformat() if isinstance(date, datetime) else date
        if recursion_depth <= 0:
            raise ValueError("recursion_depth should be a positive integer")
        self.recursion_depth = recursion_depth
