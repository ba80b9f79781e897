"""Starting a run of another DAG for a task that asks for it by ``DagRunTriggerException``, as the standard provider's
``TriggerDagRunOperator`` from PyPI does. The waiting for its end holds no slot, whatever ``deferrable`` says."""

from __future__ import annotations

from typing import Any

from airflow._runtime import supervisor
from airflow._runtime.wire import CallError
from airflow._serialize.values import instant
from airflow.sdk.exceptions import AirflowException, AirflowSkipException, TaskDeferred

#: The XCom that names the run.
XCOM_RUN_ID = "trigger_run_id"


def start(asked: Any, ti: Any) -> None:
    """Start the run; raises ``TaskDeferred`` if its end is to be waited for."""
    try:
        run = supervisor.call(
            "run_trigger",
            dag_id=asked.trigger_dag_id,
            run_id=asked.dag_run_id,
            logical_date=instant(asked.logical_date),
            run_after=instant(asked.run_after),
            conf=asked.conf or {},
            reset=asked.reset_dag_run,
            note=asked.note,
        )
    except CallError as error:
        if error.code == "already_exists" and asked.skip_when_already_exists:
            raise AirflowSkipException(f"the run is there already: {error.message}") from None
        raise AirflowException(f"can't start a run of {asked.trigger_dag_id!r}: {error.message}") from None
    run_id = run["run_id"]
    ti.log.info("Triggered DAG %s with run id %s", asked.trigger_dag_id, run_id)
    ti.xcom_push(key=XCOM_RUN_ID, value=run_id)
    if asked.wait_for_completion:
        from airflow.providers.standard.triggers.external_task import DagStateTrigger

        states = [str(getattr(state, "value", state)) for state in (*asked.allowed_states, *asked.failed_states)]
        trigger = DagStateTrigger(
            dag_id=asked.trigger_dag_id, states=states, run_ids=[run_id], poll_interval=asked.poke_interval
        )
        raise TaskDeferred(trigger=trigger, method_name="execute_complete")
