"""Starting a run of another DAG."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

XCOM_RUN_ID = "trigger_run_id"


class TriggerDagRunOperator(BaseOperator):
    """Starts a run of ``trigger_dag_id``, and waits for its end if told to."""

    template_fields: Sequence[str] = ("trigger_dag_id", "trigger_run_id", "logical_date", "conf", "wait_for_completion")
    template_fields_renderers = {"conf": "py"}
    ui_color = "#ffefeb"

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: dict[str, Any] | None = None,
        logical_date: str | datetime | None = NOTSET,  # type: ignore[assignment]
        execution_date: str | datetime | None = NOTSET,  # type: ignore[assignment]
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: int = 60,
        allowed_states: list[str] | None = None,
        failed_states: list[str] | None = None,
        skip_when_already_exists: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if fail_when_dag_is_paused:
            raise AirflowException(f"task {self.task_id!r}: fail_when_dag_is_paused is not supported yet")
        given = logical_date if logical_date is not NOTSET else execution_date
        if given is not NOTSET and given is not None and not isinstance(given, (str, datetime)):
            if not getattr(given, "is_reference", False):
                raise TypeError(f"logical_date of task {self.task_id!r} must be text or a datetime, not {given!r}")
        self.trigger_dag_id = trigger_dag_id
        self.trigger_run_id = trigger_run_id
        self.conf = conf
        self.logical_date = None if given is NOTSET else given
        self.reset_dag_run = reset_dag_run
        self.wait_for_completion = wait_for_completion
        self.poke_interval = poke_interval
        self.allowed_states = [str(state) for state in allowed_states or ("success",)]
        self.failed_states = [str(state) for state in (("failed",) if failed_states is None else failed_states)]
        self.skip_when_already_exists = skip_when_already_exists
        self.note = note
        self.deferrable = deferrable

    def execute(self, context: Any) -> None:
        """Start the run; wait for it."""
        from airflow._runtime import supervisor
        from airflow._runtime.wire import CallError
        from airflow._serialize.values import instant

        date = self.logical_date
        if isinstance(date, str):
            from airflow.sdk.timezone import parse

            date = parse(date)
        try:
            conf = json.loads(json.dumps(self.conf or {}))
        except (TypeError, ValueError):
            raise AirflowException("conf parameter should be JSON Serializable") from None
        try:
            run = supervisor.call(
                "run_trigger",
                dag_id=self.trigger_dag_id,
                run_id=self.trigger_run_id,
                logical_date=instant(date),
                conf=conf,
                reset=self.reset_dag_run,
                note=self.note,
            )
        except CallError as error:
            if error.code == "already_exists" and self.skip_when_already_exists:
                raise AirflowSkipException(f"Skipping because the run exists already: {error.message}") from None
            raise AirflowException(f"can't start a run of {self.trigger_dag_id!r}: {error.message}") from None
        run_id = run["run_id"]
        context["ti"].xcom_push(key=XCOM_RUN_ID, value=run_id)
        self.log.info("Triggered DAG %s with run id %s", self.trigger_dag_id, run_id)
        while self.wait_for_completion:
            state = supervisor.call("run_get", dag_id=self.trigger_dag_id, run_id=run_id).get("state")
            if state in self.failed_states:
                raise AirflowException(f"{self.trigger_dag_id} failed with failed state {state}")
            if state in self.allowed_states:
                self.log.info("%s finished with allowed state %s", self.trigger_dag_id, state)
                return
            self.log.info(
                "Waiting for %s on %s to become allowed state %s ...", self.trigger_dag_id, run_id, self.allowed_states
            )
            time.sleep(self.poke_interval)
