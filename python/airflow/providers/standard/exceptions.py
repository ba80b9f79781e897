"""Errors of the standard operators."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowException


class HITLTriggerEventError(AirflowException):
    """A question to a person could not be answered."""


class HITLTimeoutError(HITLTriggerEventError):
    """Nobody answered in time."""


class HITLRejectException(AirflowException):
    """An approval was refused."""


class AirflowExternalTaskSensorException(AirflowException):
    """A sensor can't wait for what it names, or what it names ended the wrong way."""


class ExternalDagNotFoundError(AirflowExternalTaskSensorException):
    """There is no such DAG."""


class ExternalDagDeletedError(AirflowExternalTaskSensorException):
    """The DAG is gone."""


class ExternalTaskNotFoundError(AirflowExternalTaskSensorException):
    """The DAG has no such task."""


class ExternalTaskGroupNotFoundError(AirflowExternalTaskSensorException):
    """The DAG has no such task group."""


class ExternalTaskFailedError(AirflowExternalTaskSensorException):
    """A task ended in a state that counts as failed."""


class ExternalTaskGroupFailedError(AirflowExternalTaskSensorException):
    """A task group ended in a state that counts as failed."""


class ExternalDagFailedError(AirflowExternalTaskSensorException):
    """A run ended in a state that counts as failed."""


class DuplicateStateError(AirflowExternalTaskSensorException):
    """A state is listed in more than one of ``allowed_states``, ``skipped_states`` and ``failed_states``."""
