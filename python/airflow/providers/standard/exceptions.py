"""Errors of the standard operators."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowException


class HITLTriggerEventError(AirflowException):
    """A question to a person could not be answered."""


class HITLTimeoutError(HITLTriggerEventError):
    """Nobody answered in time."""


class HITLRejectException(AirflowException):
    """An approval was refused."""
