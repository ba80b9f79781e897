"""Runs in Airflow's own environment: every DAG of a folder once, and what became of it as JSON.

``python airflow_side.py DAGS OUT``; AIRFLOW_HOME has a migrated SQLite database.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import os
import signal
import sqlite3
import sys

DATE = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
SECONDS = int(os.environ.get("COMPARE_SECONDS", "180"))


class TooLong(BaseException):
    """A DAG did not end."""


def _alarm(*_):
    raise TooLong


def rows(text, *values):
    """What the database answers, as dicts."""
    base = sqlite3.connect(os.path.join(os.environ["AIRFLOW_HOME"], "airflow.db"))
    base.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in base.execute(text, values)]
    finally:
        base.close()


def read(text):
    """JSON that the database keeps as text."""
    try:
        return json.loads(text) if isinstance(text, (str, bytes)) else text
    except ValueError:
        return text


def outcome(dag_id, run_id, state):
    """States, XComs and rendered fields of a run."""
    which = (dag_id, run_id)
    tis = rows("SELECT task_id, map_index, state FROM task_instance WHERE dag_id = ? AND run_id = ?", *which)
    xcoms = rows("SELECT task_id, map_index, key, value FROM xcom WHERE dag_id = ? AND run_id = ?", *which)
    fields = rows(
        "SELECT r.task_id, r.map_index, r.rendered_fields FROM rendered_task_instance_fields r"
        " WHERE r.dag_id = ? AND r.run_id = ?",
        *which,
    )
    return {
        "run_id": run_id,
        "state": state,
        "tasks": {f"{t['task_id']}[{t['map_index']}]": t["state"] for t in tis},
        "xcoms": {f"{x['task_id']}[{x['map_index']}].{x['key']}": read(x["value"]) for x in xcoms},
        "rendered": {f"{f['task_id']}[{f['map_index']}]": read(f["rendered_fields"]) for f in fields},
    }


def activate_assets():
    """What a scheduler does for assets that DAGs speak of, and dag.test() does not."""
    base = sqlite3.connect(os.path.join(os.environ["AIRFLOW_HOME"], "airflow.db"))
    with base:
        base.execute("INSERT OR IGNORE INTO asset_active (name, uri) SELECT name, uri FROM asset")
    base.close()


def main():
    """Run them all."""
    from airflow.dag_processing.dagbag import DagBag

    folder, out = sys.argv[1:3]
    bag = DagBag(folder)
    found = {"import_errors": {os.path.basename(k): v.splitlines()[-1] for k, v in bag.import_errors.items()}}
    found["dags"] = {}
    signal.signal(signal.SIGALRM, _alarm)
    only = os.environ.get("COMPARE_ONLY", "").split() or ["*"]
    for dag_id, dag in sorted(bag.dags.items()):
        if not any(fnmatch.fnmatchcase(dag_id, pattern) for pattern in only):
            continue
        # Before its start date a DAG has no tasks to run.
        date = max(DATE, dag.start_date + dt.timedelta(days=1)) if dag.start_date else DATE
        activate_assets()
        signal.alarm(SECONDS)
        try:
            run = dag.test(logical_date=date)
            result = outcome(dag_id, run.run_id, str(run.state))
        except TooLong:
            result = {"problem": f"did not end within {SECONDS} seconds"}
        except Exception as error:
            result = {"problem": f"{type(error).__name__}: {error}"}
        finally:
            signal.alarm(0)
        result["logical_date"] = date.isoformat()
        result["file"] = os.path.basename(dag.fileloc)
        found["dags"][dag_id] = result
        with open(out, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1, default=str)
        print(f"    {dag_id}: {result.get('state') or result.get('problem')}", flush=True)


if __name__ == "__main__":
    main()
