"""The stubs that editors read are those of the package's tables, and a type checker sees through them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def stubs():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "scripts/stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_are_fresh():
    module = stubs()
    assert module.on_disk() == module.stubs(), "run scripts/stubs.py (make gen)"


def test_every_public_name_has_a_type(tmp_path):
    """As a DAG file is seen by mypy: names of three eras are the classes that they are."""
    pytest.importorskip("mypy")
    (tmp_path / "dag_file.py").write_text(
        "from airflow import DAG as first\n"
        "from airflow.models import DAG as second, Variable\n"
        "from airflow.sdk import DAG as third, task\n"
        "from airflow.operators.bash_operator import BashOperator\n"
        "from airflow.operators.python import PythonOperator\n"
        "from airflow.sensors.base import BaseSensorOperator\n"
        "for value in (first, second, third, Variable.get, task, BashOperator, PythonOperator, BaseSensorOperator):\n"
        "    reveal_type(value)\n"
        "reveal_type(first); reveal_type(second); reveal_type(BashOperator); reveal_type(BaseSensorOperator)\n"
    )
    # As Tradewind lays an environment out: a folder of its own, which a .pth file puts on the path.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (site,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    own = site / "tradewind_airflow"
    own.mkdir()
    (site / "tradewind_airflow.pth").write_text("tradewind_airflow\n")
    for name in ("airflow", "airflow-stubs"):
        (own / name).symlink_to(ROOT / "python" / name)
    python = tmp_path / "venv/bin/python"
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--python-executable", python, "dag_file.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("airflow.sdk.definitions.dag.DAG") >= 2, done.stdout
    assert "airflow.providers.standard.operators.bash.BashOperator" in done.stdout
    assert "airflow.sdk.bases.sensor.BaseSensorOperator" in done.stdout
