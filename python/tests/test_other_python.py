"""Functions that run in other interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import venv
import zipfile

import pytest

from airflow.exceptions import AirflowException
from airflow.providers.standard.operators.python import (
    ExternalPythonOperator,
    PythonVirtualenvOperator,
    is_venv_installed,
)
from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv, write_python_script
from airflow.sdk import DAG, task


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An interpreter without packages."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return str(folder / "bin" / "python")


def run(build):
    with DAG("d", schedule=None) as dag:
        build()
    return dag.test()


def test_arguments_and_result_go_through_files(python):
    def build():
        @task.external_python(python=python, string_args=["one", "two"], env_vars={"MINE": "yes"})
        def f(x, ds=None, params=None, **kwargs):
            import os
            import sys

            found = [sys.prefix, virtualenv_string_args, os.environ["MINE"], sorted(params), "dag" in kwargs]  # noqa: F821
            return {"x": x, "ds": ds, "found": found}

        @task.external_python(python=python)
        def nothing():
            pass

        f((1, "{{ run_id }}"))
        nothing()

    finished = run(build)
    value = finished.xcoms["f", -1, "return_value"]
    assert value["x"]["__data__"] == [1, finished.run_id]
    assert len(value["ds"]) == 10
    prefix = os.path.dirname(os.path.dirname(python))
    assert value["found"] == [prefix, ["one", "two"], "yes", [], False]
    assert ("nothing", -1, "return_value") not in finished.xcoms


def test_the_way_it_ends_is_told(python):
    def build():
        @task.external_python(python=python, skip_on_exit_code=[42])
        def skipped():
            raise SystemExit(42)

        @task.branch_external_python(python=python)
        def branch():
            return "left"

        @task
        def left():
            return 1

        @task
        def right():
            return 1

        skipped()
        branch() >> [left(), right()]

    finished = run(build)
    assert {key[0] for key in finished.xcoms} == {"branch", "left"}

    def fails():
        @task.external_python(python=python)
        def broken():
            raise ValueError("no such thing")

        broken()

    assert run(fails).get_task_instance("broken").state == "failed"


def test_what_can_not_be_sent_is_refused(python):
    with pytest.raises(ValueError, match="a lambda has no source"):
        ExternalPythonOperator(task_id="t", python=python, python_callable=lambda: 1)
    with pytest.raises(ValueError, match="only supports functions"):
        ExternalPythonOperator(task_id="t", python=python, python_callable=print)
    with pytest.raises(AirflowException, match="Unsupported serializer 'json'"):
        ExternalPythonOperator(task_id="t", python=python, python_callable=run, serializer="json")
    with pytest.raises(AirflowException, match="Please use string_args"):
        PythonVirtualenvOperator(task_id="t", python_callable=run, python_version="2.7", op_args=[1])
    with pytest.raises(ValueError, match="must be empty"), DAG("d", schedule=None):

        @task.stub
        def f():
            return 1

        f()


def test_environments_are_made_and_kept(tmp_path, monkeypatch):
    """Without the net: a package that is a file of ours."""
    monkeypatch.setenv("AIRFLOW__STANDARD__VENV_INSTALL_METHOD", "pip")
    package = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(package, "w") as wheel:
        wheel.writestr("tiny.py", "ANSWER = 42\n")
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    cache = tmp_path / "cache"
    options = ["--no-index", "--disable-pip-version-check"]

    def build():
        @task.virtualenv(
            requirements=[str(package)],
            pip_install_options=options,
            venv_cache_path=str(cache),
            system_site_packages=True,
        )
        def f():
            import sys

            import tiny

            return [tiny.ANSWER, sys.prefix]

        f()

    first = run(build).xcoms["f", -1, "return_value"]
    assert first[0] == 42 and first[1].startswith(f"{cache}/venv-")
    marker = os.path.join(first[1], "install_complete_marker.json")
    made = os.stat(marker).st_mtime_ns
    assert run(build).xcoms["f", -1, "return_value"] == first
    assert os.stat(marker).st_mtime_ns == made
    assert is_venv_installed()


def test_package_indexes_are_written_for_the_installer_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__STANDARD__VENV_INSTALL_METHOD", "pip")
    python = prepare_virtualenv(
        str(tmp_path),
        sys.executable,
        False,
        requirements=[],
        index_urls=["https://u:p@one/simple", "https://two/simple"],
    )
    said = (tmp_path / "pip.conf").read_text().splitlines()
    assert said == ["[global]", "index-url = https://u:p@one/simple", "extra-index-url = https://two/simple"]
    assert (tmp_path / "pip.conf").stat().st_mode & 0o777 == 0o600
    asked = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    assert "global.index-url='https://u:p@one/simple'" in asked.stdout


def test_the_script_stands_alone(tmp_path):
    """As the docker and kubernetes providers use it: nothing but the interpreter is there."""
    script = tmp_path / "script.py"
    source = textwrap.dedent(
        """
        def add(a, b):
            return {"sum": a + b}
        """
    )
    write_python_script(
        {
            "op_args": [1, 2],
            "op_kwargs": {},
            "pickling_library": "pickle",
            "python_callable": "add",
            "python_callable_source": source,
            "string_args_global": False,
        },
        str(script),
    )
    import pickle

    (tmp_path / "in").write_bytes(pickle.dumps({"args": [1, 2], "kwargs": {}}))
    command = [
        sys.executable,
        "-I",
        str(script),
        str(tmp_path / "in"),
        str(tmp_path / "out"),
        "none",
        str(tmp_path / "log"),
    ]
    subprocess.run(command, check=True, cwd=tmp_path)
    assert pickle.loads((tmp_path / "out").read_bytes()) == {"sum": 3}
