"""Airflow's authoring surface, on Tradewind. Importing it is cheap: everything heavy loads on use."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any

from airflow import _aliases
from airflow.version import __version__

__all__ = ["DAG", "Asset", "Dataset", "XComArg", "__version__"]

_LAZY = {
    "DAG": "airflow.sdk.definitions.dag",
    "dag": "airflow.sdk.definitions.dag",
    "Asset": "airflow.sdk.definitions.asset",
    "Dataset": "airflow.sdk.definitions.asset",
    "XComArg": "airflow.sdk.definitions.xcom_arg",
    "AirflowException": "airflow.sdk.exceptions",
    "conf": "airflow.configuration",
}

_aliases.install()


def __getattr__(name: str) -> Any:
    """Give the public classes and submodules on first use, as ``airflow.utils.dates`` expects."""
    if name in _LAZY:
        value = getattr(_import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    return _aliases.submodule(__name__, name)
