"""DAG files from a Git repository: every run stays with its commit, on workers that fetch it themselves."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from system import ROOT, wait_for

PASSWORD = "t0ken-of-the-test"

DAG = """
from airflow.sdk import dag, task
import shared

VERSION = "{version}"

def tell(context):
    with open({gate!r} + ".told", "a") as file:
        print(context["dag_run"].dag_id, VERSION, shared.VERSION, file=file)

def tasks():
    @task
    def first():
        return [VERSION, shared.VERSION]

    @task
    def gate():
        import os, time
        while not os.path.exists({gate!r}):
            time.sleep(0.05)

    @task
    def second():
        return [VERSION, shared.VERSION]

    first() >> gate() >> second()

@dag(schedule=None, tags=[VERSION], on_success_callback=tell)
def versioned():
    tasks()

@dag(schedule=None, disable_bundle_versioning=True, on_success_callback=tell)
def newest():
    tasks()

versioned()
newest()
"""


class Repository:
    """A repository with a server that wants a password."""

    def __init__(self, folder, gate):
        self.folder, self.gate = folder, gate
        folder.mkdir()
        self.git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "repo.git")
        self.git(folder, "clone", "--quiet", "repo.git", "work")
        self.git(self.work, "checkout", "--quiet", "-B", "main")
        script = ROOT / "crates/bundles/tests/git_server.py"
        command = [sys.executable, str(script), str(folder), "me", PASSWORD]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.server.stdout.readline())}/repo.git"

    @property
    def work(self):
        return self.folder / "work"

    def git(self, folder, *args):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        done = subprocess.run(["git", *identity, *args], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{args}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, version):
        """A commit whose DAG and module say this."""
        (self.work / "dags").mkdir(exist_ok=True)
        (self.work / "dags/versioned.py").write_text(DAG.format(version=version, gate=str(self.gate)))
        (self.work / "dags/shared.py").write_text(f"VERSION = {version!r}\n")
        self.git(self.work, "add", ".")
        self.git(self.work, "commit", "--quiet", "--message", version)
        self.git(self.work, "push", "--quiet", "origin", "HEAD:main")
        return self.git(self.work, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "git", tmp_path / "gate")
    yield repository
    repository.server.stdin.close()
    repository.server.wait(10)


def configure(home, **kwargs):
    """One bundle, with these arguments."""
    bundle = {
        "name": "repo",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": {"tracking_ref": "main", "subdir": "dags", "refresh_interval": 0.2, **kwargs},
    }
    home.env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([bundle])
    home.env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH"] = str(home.path / "bundles")


def connect(home, url, password=PASSWORD):
    connection = {"conn_type": "git", "host": url, "login": "me", "password": password}
    home.cli("connections", "add", "git_default", "--conn-json", json.dumps(connection))


def xcom(home, run_id, task_id, dag_id="versioned"):
    path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
    return home.rest("GET", path, params={"deserialize": True})["value"]


def tags(home):
    answer = home.rest("GET", "dags/versioned", ok=False)
    return [tag["name"] for tag in answer.json()["tags"]] if answer.ok else []


@pytest.fixture
def cluster(pg_home, repository):
    """Roles with a repository, and a worker that has neither its files nor the database."""
    home = pg_home
    home.env |= {
        "AIRFLOW__CORE__EXECUTOR": "EdgeExecutor",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-that-is-only-used-by-this-test",
    }
    configure(home)
    home.cli("db", "migrate")
    connect(home, repository.url)
    home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
    elsewhere = home.path.parent / "worker-home"
    elsewhere.mkdir()
    env = {
        "AIRFLOW_HOME": str(elsewhere),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{home.url}/execution/",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(elsewhere / "bundles"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://nobody@127.0.0.1:1/none",
    }
    home.start("worker", env=env)
    return home


def test_a_commit_in_the_middle_of_a_run_does_not_change_it(cluster, repository):
    home = cluster
    first = repository.commit("one")
    wait_for("the first commit", lambda: tags(home) == ["one"], 60)
    old, newest = home.trigger("versioned", "old"), home.trigger("newest", "newest")

    def at_the_gate():
        runs = (("versioned", old), ("newest", newest))
        return all(home.tasks(*run).get("gate", {}).get("state") == "running" for run in runs)

    wait_for("the gates", at_the_gate, 60)

    second = repository.commit("two")
    wait_for("the second commit", lambda: tags(home) == ["two"], 60)
    new = home.trigger("versioned", "new")
    repository.gate.touch()
    for run_id in (old, new):
        home.wait_run("versioned", run_id)
    assert xcom(home, old, "first") == xcom(home, old, "second") == ["one", "one"]
    assert xcom(home, new, "first") == xcom(home, new, "second") == ["two", "two"]
    assert [home.run("versioned", run_id)["bundle_version"] for run_id in (old, new)] == [first, second]

    # A DAG that wants no versions goes on with what is there.
    home.wait_run("newest", newest)
    assert xcom(home, newest, "first", "newest") == ["one", "one"]
    assert xcom(home, newest, "second", "newest") == ["two", "two"]
    assert home.run("newest", newest)["bundle_version"] is None

    # Callbacks belong to their run's commit.
    told = repository.gate.with_suffix(".told")
    expected = ["newest two two", "versioned one one", "versioned two two"]
    wait_for("the callbacks", lambda: told.exists() and sorted(told.read_text().splitlines()) == expected, 30)

    # Cleared, it is the same commit still.
    body = {"dry_run": False, "only_failed": False, "task_ids": ["second"], "dag_run_id": old}
    home.rest("POST", "dags/versioned/clearTaskInstances", json=body)
    wait_for("the second try", lambda: home.tasks("versioned", old)["second"]["try_number"] == 2, 30)
    home.wait_run("versioned", old)
    assert xcom(home, old, "second") == ["one", "one"]

    checkouts = home.path.parent / "worker-home/bundles/repo/versions"
    assert {first, second} <= {entry.name for entry in checkouts.iterdir()}
    shown = "".join(process.output() for process in home.processes)
    assert PASSWORD not in shown


def test_what_is_wrong_is_said_and_a_dag_processor_gives_up_when_told_to(home, repository):
    repository.commit("one")
    configure(home, max_failures=1, tracking_ref="mian")
    home.cli("db", "migrate")
    connect(home, repository.url)
    process = home.start("dag-processor")
    assert process.popen.wait(60) == 1
    output = process.output()
    assert "has no branch, tag or commit 'mian'; it has main" in output
    assert "failed 2 times in a row: branch:" in output and PASSWORD not in output

    configure(home, subdir="dag")
    answer = home.cli("dags", "reserialize", ok=False)
    assert "there is no folder 'dag'" in answer.stderr and "it has dags" in answer.stderr
    configure(home)
    home.cli("connections", "delete", "git_default")
    connect(home, repository.url, "an0ther-one")
    answer = home.cli("dags", "reserialize", ok=False)
    assert "credentials: 127.0.0.1 does not accept the user and token" in answer.stderr
    assert "an0ther-one" not in answer.stderr


def test_commands_and_the_local_executor_use_the_repository(home, repository):
    commit = repository.commit("one")
    repository.gate.touch()
    configure(home)
    home.cli("db", "migrate")
    connect(home, repository.url)
    home.standalone()
    wait_for("the first commit", lambda: tags(home) == ["one"], 60)
    run_id = home.trigger("versioned")
    home.wait_run("versioned", run_id)
    assert xcom(home, run_id, "second") == ["one", "one"]
    assert home.run("versioned", run_id)["bundle_version"] == commit
    repository.commit("two")
    assert "two" in home.cli("tasks", "test", "versioned", "first", "2024-01-01").stdout
