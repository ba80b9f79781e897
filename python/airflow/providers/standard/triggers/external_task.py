"""Waiting for runs and tasks of other DAGs. Where there is a scheduler it waits there, without Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent


class WorkflowTrigger(BaseTrigger):
    """Fires when runs of a DAG, or tasks or a task group in them, are in some states."""

    def __init__(
        self,
        external_dag_id: str,
        run_ids: list[str] | None = None,
        execution_dates: list[datetime] | None = None,
        logical_dates: list[datetime] | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        failed_states: Collection[str] | None = None,
        skipped_states: Collection[str] | None = None,
        allowed_states: Collection[str] | None = None,
        poke_interval: float = 2.0,
        soft_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.external_dag_id = external_dag_id
        self.external_task_ids = external_task_ids
        self.external_task_group_id = external_task_group_id
        self.failed_states = failed_states
        self.skipped_states = skipped_states
        self.allowed_states = allowed_states
        self.run_ids = run_ids
        self.poke_interval = poke_interval
        self.soft_fail = soft_fail
        self.execution_dates = execution_dates
        self.logical_dates = logical_dates if logical_dates is not None else execution_dates

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What is waited for."""

        def plain(items: Collection[Any] | None) -> list[Any] | None:
            return None if items is None else [item if isinstance(item, datetime) else str(item) for item in items]

        return "airflow.providers.standard.triggers.external_task.WorkflowTrigger", {
            "external_dag_id": self.external_dag_id,
            "external_task_ids": plain(self.external_task_ids),
            "external_task_group_id": self.external_task_group_id,
            "failed_states": plain(self.failed_states),
            "skipped_states": plain(self.skipped_states),
            "allowed_states": plain(self.allowed_states),
            "poke_interval": self.poke_interval,
            "soft_fail": self.soft_fail,
            "run_ids": plain(self.run_ids),
            "logical_dates": plain(self.logical_dates),
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it is so."""
        while True:
            status = await asyncio.to_thread(self.status)
            if status is not None:
                yield TriggerEvent({"status": status})
                return
            await asyncio.sleep(self.poke_interval)

    def status(self) -> str | None:
        """``success``, ``failed``, ``skipped``, or None while it goes on."""
        from airflow._runtime import supervisor

        text: str | None = supervisor.call("await_look", kwargs=_encoded(self))
        return text


class DagStateTrigger(BaseTrigger):
    """Fires when runs of a DAG are in one of some states."""

    def __init__(
        self,
        dag_id: str,
        states: list[str],
        run_ids: list[str] | None = None,
        execution_dates: list[datetime] | None = None,
        poll_interval: float = 5.0,
    ) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.states = states
        self.run_ids = run_ids
        self.execution_dates = execution_dates
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What is waited for."""
        return "airflow.providers.standard.triggers.external_task.DagStateTrigger", {
            "dag_id": self.dag_id,
            "states": [str(getattr(state, "value", state)) for state in self.states],
            "poll_interval": self.poll_interval,
            "run_ids": self.run_ids,
            "execution_dates": self.execution_dates,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it is so."""
        from airflow._runtime import supervisor

        path, data = self.serialize()
        while True:
            runs = {}
            for run_id in self.run_ids or ():
                run = await asyncio.to_thread(supervisor.call_or_none, "run_get", dag_id=self.dag_id, run_id=run_id)
                if run is not None:
                    runs[run_id] = run.get("state")
            if runs and len(runs) == len(self.run_ids or ()) and all(s in data["states"] for s in runs.values()):
                yield TriggerEvent((path, {**data, **runs}))
                return
            await asyncio.sleep(self.poll_interval)


def _encoded(trigger: BaseTrigger) -> Any:
    from airflow._runtime.xcom_codec import encode

    return encode(trigger.serialize()[1])
