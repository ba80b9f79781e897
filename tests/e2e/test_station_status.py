"""The example `station-status`: a pipeline and a plugin of Airflow 1.10, against a double of both of its ends."""

from __future__ import annotations

import importlib.util
import json
import threading

import pytest
from system import ROOT, wait_for

EXAMPLE = ROOT / "examples/station-status"
TABLE = "city.bikes.station_status"


@pytest.fixture
def double():
    spec = importlib.util.spec_from_file_location("station_status_double", EXAMPLE / "double.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.Double()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def all_runs(home):
    return home.get("dags/station_status/dagRuns")["dag_runs"]


def test_station_status_is_streamed_every_five_minutes(home, double):
    connection = {"conn_type": "google_cloud_platform", "host": double.url, "extra": {"project": "city"}}
    home.env |= {
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLE / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(EXAMPLE / "plugins"),
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(connection),
        "AIRFLOW_VAR_STATION_STATUS_FEED": f"{double.url}/gbfs/en/station_status.json",
    }
    double.failures = 1
    home.standalone()
    home.wait_dag("station_status")
    dag = home.get("dags/station_status")
    assert dag["timetable_summary"] == "*/5 * * * *"
    assert not dag["has_import_errors"]

    # One run at a time, in whatever order: the one that the schedule owes, and ours. The first insertion fails.
    run_id = home.trigger("station_status")
    wait_for("the scheduled run", lambda: "scheduled" in {run["run_type"] for run in all_runs(home)})
    runs = [run["dag_run_id"] for run in all_runs(home)]
    for run in runs:
        home.wait_run("station_status", run)
    tries = {run: home.tasks("station_status", run)["stream_status"]["try_number"] for run in runs}
    assert sorted(tries.values()) == [1] * (len(tries) - 1) + [2], "the insertion that failed was tried again"

    assert double.tables[TABLE]["last_reported"] == "TIMESTAMP"
    instants = {row["last_reported"] for row in double.rows[TABLE].values()}
    assert len(double.rows[TABLE]) == double.stations * len(instants), "every station once for each report"
    assert "stations" in home.log("station_status", run_id, "stream_status", tries[run_id])
