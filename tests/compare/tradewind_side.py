"""Runs the same DAGs in a Tradewind of their own, over REST, and says what became of them in the same form."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

DATE = "2024-01-02T03:04:05Z"
ENDED = {"success", "failed"}


class Tradewind:
    """One standalone process and its REST interface."""

    def __init__(self, binary: pathlib.Path, home: pathlib.Path, dags: pathlib.Path, python: pathlib.Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        env |= {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__TRADEWIND__PYTHON": str(python),
            "PYTHONPATH": str(pathlib.Path(__file__).parent / "site"),
        }
        self.url = f"http://127.0.0.1:{port}"
        self.log = home / "standalone.out"
        self.token = ""
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                [str(binary), "standalone"], env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def rest(self, method: str, path: str, body: object = None, **params: object) -> dict:
        """The JSON of an answer; ``HTTPError`` if it is a refusal."""
        query = f"?{urllib.parse.urlencode(params)}" if params else ""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}{query}", data, method=method)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def wait(self, what: str, condition, seconds: float):
        """Poll until something is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"tradewind ended:\n{self.log.read_text(errors='replace')[-3000:]}")
            try:
                found = condition()
            except (urllib.error.URLError, OSError):
                found = None
            if found:
                return found
            time.sleep(0.2)
        raise TimeoutError(what)

    def started(self) -> None:
        """Wait until it answers, and log in."""
        healthy = lambda: self.rest("GET", "api/v2/monitor/health")["metadatabase"]["status"] == "healthy"  # noqa: E731
        self.wait("tradewind is healthy", healthy, 300)
        self.token = self.rest("GET", "auth/token")["access_token"]

    def import_errors(self) -> dict[str, str]:
        """File to message."""
        found = self.rest("GET", "api/v2/importErrors", limit=1000)["import_errors"]
        return {os.path.basename(item["filename"]): item["stack_trace"].strip().splitlines()[-1] for item in found}

    def run(self, dag_id: str, run_id: str, date: str, seconds: float) -> dict:
        """One run of a DAG to its end."""
        quoted, run = urllib.parse.quote(dag_id, safe=""), urllib.parse.quote(run_id, safe="")
        self.wait(f"DAG {dag_id}", lambda: self.rest("GET", f"api/v2/dags/{quoted}")["dag_id"], 30)
        self.rest("PATCH", f"api/v2/dags/{quoted}", {"is_paused": False})
        try:
            body = {"dag_run_id": run_id, "logical_date": date, "conf": {}}
            self.rest("POST", f"api/v2/dags/{quoted}/dagRuns", body)
            place = f"api/v2/dags/{quoted}/dagRuns/{run}"
            ended = lambda: (state := self.rest("GET", place)["state"]) in ENDED and state  # noqa: E731
            state = self.wait(f"end of {dag_id}", ended, seconds)
        except urllib.error.HTTPError as error:
            return {"problem": error.read().decode(errors="replace")[:500]}
        except TimeoutError:
            return {"problem": f"did not end within {seconds} seconds"}
        finally:
            self.rest("PATCH", f"api/v2/dags/{quoted}", {"is_paused": True})
        tis = self.rest("GET", f"{place}/taskInstances", limit=1000)["task_instances"]
        xcoms = self.rest("GET", f"{place}/taskInstances/~/xcomEntries", limit=1000)["xcom_entries"]
        values = {}
        for x in xcoms:
            task, key = (urllib.parse.quote(x[name], safe="") for name in ("task_id", "key"))
            where = f"{place}/taskInstances/{task}/xcomEntries/{key}"
            values[f"{x['task_id']}[{x['map_index']}].{x['key']}"] = self.rest("GET", where, map_index=x["map_index"])[
                "value"
            ]
        return {
            "run_id": run_id,
            "state": state,
            "tasks": {f"{t['task_id']}[{t['map_index']}]": t["state"] for t in tis},
            "xcoms": values,
            "rendered": {f"{t['task_id']}[{t['map_index']}]": t["rendered_fields"] for t in tis},
        }

    def stop(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


def run_all(
    binary: pathlib.Path, home: pathlib.Path, dags: pathlib.Path, python: pathlib.Path, theirs: dict, seconds: float
) -> dict:
    """What becomes of every DAG that Airflow ran, under the run ids that Airflow gave."""
    server = Tradewind(binary, home, dags, python)
    try:
        server.started()
        found: dict = {"dags": {}}
        for dag_id, other in theirs["dags"].items():
            run_id = other.get("run_id") or f"manual__{DATE}"
            try:
                found["dags"][dag_id] = server.run(dag_id, run_id, other.get("logical_date", DATE), seconds)
            except TimeoutError as error:
                found["dags"][dag_id] = {"problem": f"not there: {error}"}
            result = found["dags"][dag_id]
            print(f"    {dag_id}: {result.get('state') or result.get('problem')}", flush=True)
        found["import_errors"] = server.import_errors()
        return found
    finally:
        server.stop()
