"""Starts and observes the real binary from outside: processes, REST, command line, files."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import textwrap
import time

import requests
from postgres import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
FINISHED = {"success", "failed"}


def wait_for(what, condition, timeout=30.0, every=0.02):
    """Polls until `condition()` is true, and answers it. Processes under test can only be observed from outside."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s (last: {value!r})"
        time.sleep(every)


class Process:
    """A started role with everything that it printed."""

    def __init__(self, name, command, env, folder):
        self.name = name
        self.log = folder / f"{name}.{time.monotonic_ns()}.out"
        with open(self.log, "wb") as out:
            self.popen = subprocess.Popen(
                command, env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        """kill -9, as a crash or the kernel would."""
        self.popen.kill()
        self.popen.wait(10)

    def stop(self, timeout=15.0):
        """Asks it to end, as a service manager would; answers the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not stop within {timeout} s of SIGTERM:\n{self.output()[-3000:]}"
            ) from None


class Home:
    """One AIRFLOW_HOME: its DAG files, processes, REST client and command line."""

    def __init__(self, binary: pathlib.Path, path: pathlib.Path):
        self.binary = binary
        self.path = path
        self.dags = path / "dags"
        self.dags.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: list[Process] = []
        self.http = requests.Session()
        self.http.trust_env = False
        self.env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.env |= {
            "AIRFLOW_HOME": str(path),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__TRADEWIND__PYTHON": os.environ.get("TRADEWIND_TEST_PYTHON") or str(ROOT / ".venv/bin/python"),
        }

    # Files

    def dag(self, name: str, source: str) -> pathlib.Path:
        """Saves a DAG file as an editor would: aside, then moved into place."""
        aside = self.path / f".{name}.new"
        aside.write_text(textwrap.dedent(source))
        target = self.dags / name
        aside.rename(target)
        return target

    # Processes

    def start(self, *command: str, env: dict | None = None, name: str | None = None, prefix=()) -> Process:
        """Starts a role; `prefix` is a program that starts it elsewhere, in a network namespace."""
        words = [*prefix, str(self.binary), *command]
        process = Process(name or command[0], words, {**self.env, **(env or {})}, self.path)
        self.processes.append(process)
        return process

    def standalone(self, **env: str) -> Process:
        """Starts everything in one process and waits until it is healthy."""
        process = self.start("standalone", env=env)
        self.wait_healthy(process)
        wait_for("the banner", lambda: "Stop with Ctrl-C" in process.output())
        return process

    def wait_healthy(self, *processes: Process, timeout=60.0):
        def healthy():
            for process in processes:
                code = process.popen.poll()
                assert code is None, f"{process.name} ended with {code}:\n{process.output()[-3000:]}"
            try:
                answer = self.http.get(f"{self.url}/api/v2/monitor/health", timeout=5)
                return answer.ok and answer.json()["metadatabase"]["status"] == "healthy"
            except requests.RequestException:
                return False

        wait_for("healthy", healthy, timeout)

    def stop_all(self):
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.popen.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def outputs(self):
        return [(f"{p.name} (pid {p.pid}) printed", p.output()) for p in self.processes]

    def cli(self, *args: str, ok: bool = True, env: dict | None = None, stdin: str | None = None):
        """Runs one command to its end."""
        done = subprocess.run(
            [str(self.binary), *args],
            env={**self.env, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if ok:
            assert done.returncode == 0, f"{args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def cli_json(self, *args: str):
        return json.loads(self.cli(*args, "-o", "json").stdout)

    # REST

    def rest(self, method: str, path: str, ok: bool = True, **kwargs):
        """One request; the JSON of the answer."""
        if "Authorization" not in self.http.headers:
            token = self.http.get(f"{self.url}/auth/token", timeout=10).json()["access_token"]
            self.http.headers["Authorization"] = f"Bearer {token}"
        answer = self.http.request(method, f"{self.url}/api/v2/{path}", timeout=30, **kwargs)
        if ok:
            assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
            return answer.json() if answer.content else None
        return answer

    def get(self, path: str, **params):
        return self.rest("GET", path, params=params)

    def wait_dag(self, dag_id: str, timeout=60.0):
        return wait_for(
            f"DAG {dag_id}", lambda: self.rest("GET", f"dags/{dag_id}", ok=False).status_code == 200, timeout
        )

    def trigger(self, dag_id: str, run_id: str | None = None, conf: dict | None = None) -> str:
        body = {"logical_date": None, "conf": conf or {}}
        if run_id:
            body["dag_run_id"] = run_id
        return self.rest("POST", f"dags/{dag_id}/dagRuns", json=body)["dag_run_id"]

    def run(self, dag_id: str, run_id: str):
        return self.get(f"dags/{dag_id}/dagRuns/{run_id}")

    def wait_run(self, dag_id: str, run_id: str, state: str = "success", timeout=90.0):
        """Waits until the run has ended, and asserts how."""
        run = wait_for(
            f"end of {dag_id} {run_id}",
            lambda: (r := self.run(dag_id, run_id)) and r["state"] in FINISHED and r,
            timeout,
            0.05,
        )
        assert run["state"] == state, f"{run}\n{self.tasks(dag_id, run_id)}"
        return run

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict]:
        items = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=100)["task_instances"]
        return {t["task_id"]: t for t in items}

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        answer = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}")
        return "\n".join(line if isinstance(line, str) else str(line.get("event", "")) for line in answer["content"])
