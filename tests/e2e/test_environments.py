"""Python environments: `env sync`, one per bundle, and their exchange while services run."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from system import Home, wait_for

DAG = """
    import six
    from airflow.sdk import dag, task

    @dag(dag_id="{dag_id}", tags=["six " + six.__version__])
    def pipeline():
        @task
        def which():
            import six, sys
            print("six is", six.__version__, "in", sys.prefix)

        @task.bash
        def command():
            return "python -c 'import six; print(\\"the command sees six\\", six.__version__)'"

        which() >> command()

    pipeline()
"""


class Bundle:
    """A folder of DAG files with an environment of its own."""

    def __init__(self, home: Home, name: str, six: str):
        self.home, self.name = home, name
        self.folder = home.path / name
        self.folder.mkdir()
        (self.folder / "pipeline.py").write_text("\n".join(line[4:] for line in DAG.format(dag_id=name).splitlines()))
        self.require(six)

    @property
    def config(self):
        return {
            "name": self.name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(self.folder), "environment": self.name},
        }

    def require(self, six: str):
        (self.folder / "requirements.txt").write_text(f"# ours\nsix=={six}\n")

    def sync(self, ok=True):
        return self.home.cli("env", "sync", self.name, ok=ok)

    def run(self):
        """Runs the DAG; what its tasks saw."""
        run_id = self.home.trigger(self.name)
        self.home.wait_run(self.name, run_id)
        return self.home.log(self.name, run_id, "which") + self.home.log(self.name, run_id, "command")

    def tags(self):
        return [tag["name"] for tag in self.home.get(f"dags/{self.name}")["tags"]]


@pytest.fixture
def bundles(home):
    both = Bundle(home, "team_a", "1.15.0"), Bundle(home, "team_b", "1.16.0")
    home.env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([bundle.config for bundle in both])
    for bundle in both:
        bundle.sync()
    return both


def test_two_bundles_run_with_versions_that_exclude_each_other_and_one_is_exchanged(home, bundles):
    old, new = bundles
    home.standalone()
    for bundle, version in ((old, "1.15.0"), (new, "1.16.0")):
        home.wait_dag(bundle.name)
        assert bundle.tags() == [f"six {version}"], "the file was parsed in its bundle's environment"
        seen = bundle.run()
        assert f"six is {version} in {home.path}/.tradewind/environments/{bundle.name}/" in seen
        assert f"the command sees six {version}" in seen

    # A sync that fails leaves everything as it was.
    lock = (old.folder / "requirements.lock").read_text()
    old.require("99")
    failed = old.sync(ok=False)
    assert failed.returncode == 1
    assert "environment 'team_a' is not changed: pip can't install" in failed.stderr
    assert "No matching distribution found for six==99" in failed.stderr
    assert "requirements.txt:2: six==99" in failed.stderr, "the line that asks for it"
    assert (old.folder / "requirements.lock").read_text() == lock
    assert home.cli("env", "check", "team_a", ok=False).returncode == 1
    assert "six is 1.15.0" in old.run()

    # One that works is in force at once, for files and for tasks, and only in its bundle.
    old.require("1.14.0")
    synced = old.sync()
    assert "~ six 1.15.0 -> 1.14.0" in synced.stdout
    assert "six==1.14.0 \\\n    --hash=sha256:" in (old.folder / "requirements.lock").read_text()
    home.cli("env", "check", "team_a")
    wait_for("the file parsed again", lambda: old.tags() == ["six 1.14.0"])
    seen = old.run()
    assert "six is 1.14.0" in seen and "the command sees six 1.14.0" in seen
    assert "six is 1.16.0" in new.run()
    listed = {row["name"]: row for row in home.cli_json("env", "list")}
    assert listed["team_a"]["bundles"] == ["team_a"] and listed["team_a"]["kept_by"] == "tradewind"
    assert {"package": "six", "version": "1.14.0"} in home.cli_json("env", "show", "team_a")


def test_requirements_of_an_airflow_installation_and_its_frozen_lock_are_taken_over(home):
    """The update flow of an image of 1.10: requirements.txt by hand, requirements.lock from `pip freeze`."""
    home.env.pop("AIRFLOW__TRADEWIND__PYTHON")
    requirements, lock = home.path / "requirements.txt", home.path / "requirements.lock"
    requirements.write_text("apache-airflow[celery,crypto]==1.10.10\nsix\n")
    lock.write_text("apache-airflow==1.10.10\nFlask==1.1.2\nsix==1.15.0\n")
    synced = home.cli("env", "sync")
    assert "apache-airflow[celery,crypto]==1.10.10: Tradewind is the engine and meets this" in synced.stdout
    packages = {row["package"]: row["version"] for row in home.cli_json("env", "show")}
    assert packages["six"] == "1.15.0", "the old lock is kept to"
    assert "flask" not in packages and "requests" in packages
    assert lock.read_text().startswith("# Written by `tradewind env sync`")

    # The lock alone makes the same environment again; a changed file is refused where only it may be used.
    again = home.cli("env", "sync", "--locked")
    assert "0 changed" in again.stdout and "Installed as in" in again.stdout
    requirements.write_text("six<1.15\n")
    refused = home.cli("env", "sync", "--locked", ok=False)
    assert refused.returncode == 1 and "is not of these requirements" in refused.stderr
    assert "~ six 1.15.0 -> 1.14.0" in home.cli("env", "sync").stdout, "the pin gives way to the file"


def test_what_a_lock_says_is_installed_by_uv_where_it_is_there_and_by_pip_where_it_is_not(home, tmp_path):
    home.env.pop("AIRFLOW__TRADEWIND__PYTHON")
    (home.path / "requirements.txt").write_text("six==1.16.0\n")
    home.cli("env", "sync")
    lock = (home.path / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    packages = home.cli_json("env", "show")

    path = home.env.get("PATH", os.environ["PATH"])
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{path}")
    assert uv is not None, "it is in tests/requirements.txt"
    ours = tmp_path / "with-uv"
    ours.mkdir()
    (ours / "uv").symlink_to(uv)
    home.env["PATH"] = f"{ours}{os.pathsep}{path}"
    synced = home.cli("env", "sync", "--locked")
    said = synced.stdout + synced.stderr
    assert "with uv" in said and "with pip" not in said, said
    assert home.cli_json("env", "show") == packages
    assert (home.path / "requirements.lock").read_text() == lock

    (ours / "uv").unlink()
    (ours / "uv").write_text("#!/bin/sh\necho 'error: not today' >&2\nexit 2\n")
    (ours / "uv").chmod(0o755)
    synced = home.cli("env", "sync", "--locked")
    assert "with pip, because uv said: error: not today" in synced.stdout + synced.stderr
    assert home.cli_json("env", "show") == packages


def test_packages_of_the_users_own_interpreter_are_left_alone(home):
    (home.path / "requirements.txt").write_text("six\n")
    refused = home.cli("env", "sync", ok=False)
    assert refused.returncode == 1
    assert "[tradewind] python (AIRFLOW__TRADEWIND__PYTHON) names" in refused.stderr
    assert "-m pip install" in refused.stderr
