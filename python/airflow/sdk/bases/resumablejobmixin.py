"""Jobs in other systems that a retry finds again instead of starting them twice."""

from __future__ import annotations

import abc
from typing import Any

from airflow.sdk.bases.operator import OperatorMeta


class ResumableJobMixin(metaclass=OperatorMeta):
    """Mixed in before ``BaseOperator``, for operators that start one long job elsewhere and wait for its end.

    The job's id is kept in the task's state store as soon as the job was submitted. A try that finds an id there goes
    on waiting for that job, takes its result if it has ended well, and starts another one only if it failed.
    ``durable=False`` switches this off. The worker's slot is held while it waits; deferrable operators free it.
    """

    external_id_key: str = "remote_job_id"

    def __init__(self, *, durable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.durable = durable

    def execute_resumable(self, context: Any) -> Any:
        """Submit the job, or find it again; wait for its end; its result."""
        store = context.get("task_state_store") if self.durable else None
        external_id = store.get(self.external_id_key) if store is not None else None
        if external_id is not None:
            status = self.get_job_status(external_id, context)
            if self.is_job_succeeded(status):
                self._say("Job %s has succeeded already", external_id)
                return self.get_job_result(external_id, context)
            if self.is_job_active(status):
                self._say("Going on with job %s, which is %s", external_id, status)
                self.poll_until_complete(external_id, context)
                return self.get_job_result(external_id, context)
            self._say("Job %s of an earlier try is %s; submitting another one", external_id, status)
        external_id = self.submit_job(context)
        if store is not None and external_id is not None:
            store.set(self.external_id_key, external_id)
        self.poll_until_complete(external_id, context)
        return self.get_job_result(external_id, context)

    def _say(self, message: str, *args: Any) -> None:
        import logging

        logging.getLogger("airflow.task").info(message, *args)

    @abc.abstractmethod
    def submit_job(self, context: Any) -> Any:
        """Start the job; its id, or None if it has none."""

    @abc.abstractmethod
    def get_job_status(self, external_id: Any, context: Any) -> str:
        """What the other system says of the job."""

    @abc.abstractmethod
    def is_job_active(self, status: str) -> bool:
        """Whether a job of that status still runs."""

    @abc.abstractmethod
    def is_job_succeeded(self, status: str) -> bool:
        """Whether a job of that status ended well."""

    @abc.abstractmethod
    def poll_until_complete(self, external_id: Any, context: Any) -> None:
        """Wait for the end; raise if the job fails."""

    @abc.abstractmethod
    def get_job_result(self, external_id: Any, context: Any) -> Any:
        """What the job gave, or None."""
