"""Starting a run of another DAG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

XCOM_RUN_ID = "trigger_run_id"


class DagIsPaused(AirflowException):
    """The DAG to trigger is paused."""

    def __init__(self, dag_id: str) -> None:
        super().__init__(f"Dag {dag_id} is paused")
        self.dag_id = dag_id


class DagRunOrder:
    """What Airflow 1's ``python_callable`` decides about: the run's id, and its ``payload``, which becomes its conf."""

    def __init__(self, run_id: str | None = None, payload: Any = None) -> None:
        self.run_id = run_id
        self.payload = payload


class TriggerDagRunLink(BaseOperatorLink):
    """To the run that was started."""

    @property
    def name(self) -> str:
        """What people see."""
        return "Triggered DAG"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address that it leads to."""
        from airflow._runtime.pages import run_page
        from airflow.models import XCom

        run_id = XCom.get_value(ti_key=ti_key, key=XCOM_RUN_ID) or operator.trigger_run_id
        return run_page(operator.trigger_dag_id, run_id if isinstance(run_id, str) else None)


class TriggerDagRunOperator(BaseOperator):
    """Starts a run of ``trigger_dag_id``, and waits for its end if told to; no slot is held meanwhile.

    ``python_callable`` is Airflow 1's: called with the context and a :class:`DagRunOrder`, it returns the order, or
    None for no run.
    """

    template_fields: Sequence[str] = (
        "trigger_dag_id",
        "trigger_run_id",
        "logical_date",
        "conf",
        "wait_for_completion",
        "skip_when_already_exists",
    )
    template_fields_renderers = {"conf": "py"}
    operator_extra_links = (TriggerDagRunLink(),)
    ui_color = "#ffefeb"

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: dict[str, Any] | None = None,
        logical_date: str | datetime | ArgNotSet | None = NOTSET,
        execution_date: str | datetime | ArgNotSet | None = NOTSET,
        run_after: str | datetime | ArgNotSet | None = NOTSET,
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: int = 60,
        allowed_states: list[str] | None = None,
        failed_states: list[str] | None = None,
        skip_when_already_exists: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        deferrable: bool | None = None,
        openlineage_inject_parent_info: bool = True,
        python_callable: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if python_callable is not None and not callable(python_callable):
            raise AirflowException(f"python_callable of task {self.task_id!r} is not callable: {python_callable!r}")
        self.python_callable = python_callable
        given = logical_date if logical_date is not NOTSET else execution_date
        for name, value in (("logical_date", given), ("run_after", run_after)):
            plain = value is NOTSET or value is None or isinstance(value, (str, datetime))
            if not plain and not getattr(value, "is_reference", False):
                raise TypeError(f"{name} of task {self.task_id!r} must be text or a datetime, not {value!r}")
        self.trigger_dag_id = trigger_dag_id
        self.trigger_run_id = trigger_run_id
        self.conf = conf
        self.logical_date = given
        self.run_after = run_after
        self.reset_dag_run = reset_dag_run
        self.wait_for_completion = wait_for_completion
        self.poke_interval = poke_interval
        self.allowed_states = _texts(allowed_states) or ["success"]
        self.failed_states = ["failed"] if failed_states is None else _texts(failed_states)
        self.skip_when_already_exists = skip_when_already_exists
        self.fail_when_dag_is_paused = fail_when_dag_is_paused
        self.note = note
        # OpenLineage's parent facts are added by its own provider where that is installed; there is nothing to add.
        self.openlineage_inject_parent_info = openlineage_inject_parent_info
        if deferrable is None:
            from airflow.configuration import conf as configuration

            deferrable = configuration.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable

    def execute(self, context: Any) -> None:
        """Start the run; wait for it."""
        from airflow._runtime import supervisor
        from airflow._runtime.wire import CallError
        from airflow._serialize.values import instant

        date, after = _instant(self.logical_date), _instant(self.run_after)
        if date is NOTSET:
            date = None if after is not NOTSET else datetime.now(tz=timezone.utc)
        if self.fail_when_dag_is_paused:
            found = supervisor.call_or_none("dag_get", dag_id=self.trigger_dag_id)
            if found is not None and found["is_paused"]:
                raise DagIsPaused(self.trigger_dag_id)
        if self.python_callable is not None:
            order = self.python_callable(context, DagRunOrder(run_id=self.trigger_run_id))
            if not order:
                self.log.info("python_callable wants no run")
                return
            self.trigger_run_id, self.conf = order.run_id, order.payload
        try:
            conf = json.loads(self.conf) if isinstance(self.conf, str) else self.conf
            conf = json.loads(json.dumps(conf or {}))
        except (TypeError, ValueError):
            raise ValueError(f"conf parameter should be JSON Serializable: {self.conf}") from None
        try:
            run = supervisor.call(
                "run_trigger",
                dag_id=self.trigger_dag_id,
                run_id=str(self.trigger_run_id) if self.trigger_run_id else None,
                logical_date=instant(date),
                run_after=None if after is NOTSET else instant(after),
                conf=conf,
                reset=self.reset_dag_run,
                note=self.note,
            )
        except CallError as error:
            if error.code == "already_exists" and self.skip_when_already_exists:
                raise AirflowSkipException(
                    f"Skipping due to skip_when_already_exists is set to True: {error.message}"
                ) from None
            raise AirflowException(f"can't start a run of {self.trigger_dag_id!r}: {error.message}") from None
        run_id = run["run_id"]
        self.trigger_run_id = run_id
        context["ti"].xcom_push(key=XCOM_RUN_ID, value=run_id)
        self.log.info("Triggered DAG %s with run id %s", self.trigger_dag_id, run_id)
        if self.wait_for_completion:
            from airflow.providers.standard.triggers.external_task import DagStateTrigger

            self.defer(
                trigger=DagStateTrigger(
                    dag_id=self.trigger_dag_id,
                    states=[*self.allowed_states, *self.failed_states],
                    run_ids=[run_id],
                    poll_interval=self.poke_interval,
                ),
                method_name="execute_complete",
            )

    def execute_complete(self, context: Any, event: tuple[str, dict[str, Any]]) -> None:
        """The run is in one of the states."""
        data = event[1]
        failed = [run_id for run_id in data["run_ids"] if data.get(run_id) in self.failed_states]
        if failed:
            raise AirflowException(
                f"{self.trigger_dag_id} failed with failed states {self.failed_states} for run_ids {failed}"
            )
        self.log.info("%s finished with an allowed state: %s", self.trigger_dag_id, data["run_ids"])

    def _ends_natively(self) -> dict[str, Any] | None:
        return {"failed_states": self.failed_states} if type(self) is TriggerDagRunOperator else None


def _texts(states: list[str] | None) -> list[str]:
    return [str(getattr(state, "value", state)) for state in states or ()]


def _instant(value: Any) -> Any:
    if isinstance(value, str):
        from airflow.sdk.timezone import parse

        return parse(value)
    return value
