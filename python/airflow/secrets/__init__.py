"""Where variables and connections come from besides the server: backends that ``[secrets] backend`` names."""

from __future__ import annotations

from typing import Any

__all__ = ["DEFAULT_SECRETS_SEARCH_PATH", "DEFAULT_SECRETS_SEARCH_PATH_WORKERS", "BaseSecretsBackend"]

DEFAULT_SECRETS_SEARCH_PATH = [
    "airflow.secrets.environment_variables.EnvironmentVariablesBackend",
    "airflow.secrets.metastore.MetastoreBackend",
]
DEFAULT_SECRETS_SEARCH_PATH_WORKERS = DEFAULT_SECRETS_SEARCH_PATH


def __getattr__(name: str) -> Any:
    if name == "BaseSecretsBackend":
        from airflow.secrets.base_secrets import BaseSecretsBackend

        return BaseSecretsBackend
    from airflow._aliases import submodule

    return submodule(__name__, name)
