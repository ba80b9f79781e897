"""Where the names of older and other import paths are now. A ``!`` marks paths that warn when they are used."""

from __future__ import annotations

_BASH = "airflow.providers.standard.operators.bash"
_EMPTY = "airflow.providers.standard.operators.empty"
_PYTHON = "airflow.providers.standard.operators.python"

# Old module path to the module that took its place.
MODULES: dict[str, str] = {
    "airflow.operators.bash_operator": _BASH + "!",
    "airflow.operators.bash": _BASH,
    "airflow.operators.dummy_operator": _EMPTY + "!",
    "airflow.operators.dummy": _EMPTY + "!",
    "airflow.operators.empty": _EMPTY,
    "airflow.operators.python_operator": _PYTHON + "!",
    "airflow.operators.python": _PYTHON,
    "airflow.models.dag": "airflow.sdk.definitions.dag",
}

# Packages and modules that are only names found elsewhere.
NAMES: dict[str, dict[str, str]] = {
    "airflow.operators": {},
    "airflow.models": {"DAG": "airflow.sdk.definitions.dag:"},
    "airflow.decorators": {
        n: "airflow.sdk.definitions.decorators:" for n in ("task", "dag", "task_group", "setup", "teardown")
    },
}

# Paths that nothing takes the place of yet, and what to do instead.
ABSENT: dict[str, str] = {}
