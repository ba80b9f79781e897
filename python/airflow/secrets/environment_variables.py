"""Variables and connections from the environment: ``AIRFLOW_VAR_<KEY>`` and ``AIRFLOW_CONN_<ID>``."""

from __future__ import annotations

import os
from typing import Any

from airflow.secrets.base_secrets import BaseSecretsBackend

CONN_ENV_PREFIX = "AIRFLOW_CONN_"
VAR_ENV_PREFIX = "AIRFLOW_VAR_"


class EnvironmentVariablesBackend(BaseSecretsBackend):
    """Reads the process's environment."""

    def get_conn_value(self, conn_id: str, *args: Any, **kwargs: Any) -> str | None:
        """A connection's URI or JSON."""
        return os.environ.get(CONN_ENV_PREFIX + conn_id.upper())

    def get_variable(self, key: str, *args: Any, **kwargs: Any) -> str | None:
        """A variable's text."""
        return os.environ.get(VAR_ENV_PREFIX + key.upper())
