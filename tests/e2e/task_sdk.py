"""Airflow's own task SDK in an environment of its own: its package `airflow` and ours can't share one.

python tests/e2e/task_sdk.py installs it; the tests do so themselves when it is missing.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WANTED = "apache-airflow-task-sdk==1.3.2"
PLACE = ROOT / ".venv-sdk"
PYTHON = PLACE / "bin/python"


def installed() -> pathlib.Path:
    """The interpreter that has the SDK."""
    stamp = PLACE / ".installed"
    if not stamp.is_file() or stamp.read_text() != WANTED:
        subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WANTED]
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, WANTED]
        has_uv = subprocess.run([*uv[:3], "--version"], capture_output=True).returncode == 0
        subprocess.run(uv if has_uv else pip, check=True, timeout=600)
        stamp.write_text(WANTED)
    return PYTHON


if __name__ == "__main__":
    installed()
