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


@pytest.fixture
def checked(tmp_path):
    """What mypy says of a DAG file in an environment as Tradewind lays it out."""
    pytest.importorskip("mypy")
    # A folder of its own, which a .pth file puts on the path.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (site,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    own = site / "tradewind_airflow"
    own.mkdir()
    (site / "tradewind_airflow.pth").write_text("tradewind_airflow\n")
    for name in ("airflow", "airflow-stubs"):
        (own / name).symlink_to(ROOT / "python" / name)

    def check(text):
        (tmp_path / "dag_file.py").write_text(text)
        python = tmp_path / "venv/bin/python"
        command = [sys.executable, "-m", "mypy", "--no-error-summary", "--python-executable", python, "dag_file.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return check


def test_every_name_of_the_sdk_has_a_type(checked):
    """What an editor completes after ``from airflow.sdk import``: none of it is unknown."""
    import airflow.sdk

    names = sorted(name for name in airflow.sdk.__all__ if not name.startswith("_"))
    assert len(names) > 80
    said = checked("".join(f"from airflow.sdk import {name}\nreveal_type({name})\n" for name in names))
    revealed = [line.partition("Revealed type is ")[2].strip() for line in said.splitlines() if "Revealed type" in line]
    assert len(revealed) == len(names)
    unknown = [name for name, kind in zip(names, revealed) if kind.strip('"') == "Any"]
    assert not unknown


def test_names_of_three_eras_are_the_same_classes(checked):
    """As a DAG file is seen by mypy."""
    said = checked(
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
    assert said.count("airflow.sdk.definitions.dag.DAG") >= 2, said
    assert "airflow.providers.standard.operators.bash.BashOperator" in said
    assert "airflow.sdk.bases.sensor.BaseSensorOperator" in said
