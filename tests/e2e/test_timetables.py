"""Users' own timetables, whole: Python answers, the scheduler creates the runs, previews and manual runs ask too."""

from __future__ import annotations

from system import wait_for

TICKS = """
from datetime import datetime, timedelta, timezone
import os, time
import pendulum
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable


class Ticks(Timetable):
    description = "Every so many seconds"

    def __init__(self, seconds, trouble=None):
        self.seconds, self.trouble = seconds, trouble

    @property
    def summary(self):
        return f"every {self.seconds} s"

    def serialize(self):
        return {"seconds": self.seconds, "trouble": self.trouble}

    @classmethod
    def deserialize(cls, data):
        return cls(**data)

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(start=run_after.subtract(seconds=self.seconds), end=run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if self.trouble == "crash":
            os.abort()
        if self.trouble == "raise":
            raise ValueError("the holiday calendar is empty")
        if last_automated_data_interval is None:
            start = restriction.earliest
        else:
            start = last_automated_data_interval.end
        if not restriction.catchup:
            now = pendulum.now("UTC")
            while start.add(seconds=2 * self.seconds) <= now:
                start = start.add(seconds=self.seconds)
        if restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo.interval(start=start, end=start.add(seconds=self.seconds))


class TicksPlugin(AirflowPlugin):
    name = "ticks"
    timetables = [Ticks]
"""
DAGS = """
    from datetime import datetime, timedelta, timezone
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.empty import EmptyOperator
    from ticks import Ticks

    begin = datetime(2024, 1, 1, tzinfo=timezone.utc)
    with DAG("all_of_them", schedule=Ticks(3600), start_date=begin, end_date=begin + timedelta(hours=59), catchup=True,
             max_active_runs=100):
        EmptyOperator(task_id="t")
    with DAG("from_now_on", schedule=Ticks(86400), start_date=begin, catchup=False):
        EmptyOperator(task_id="t")
    with DAG("plain", schedule="@hourly", start_date=begin):
        EmptyOperator(task_id="t")
"""
BROKEN = """
    from datetime import datetime, timezone
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.empty import EmptyOperator
    from ticks import Ticks

    for trouble in ("crash", "raise"):
        with DAG(trouble, schedule=Ticks(60, trouble), start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)):
            EmptyOperator(task_id="t")
"""


def runs_of(home, dag_id):
    """Runs by schedule, the earliest first."""
    listed = home.get(f"dags/{dag_id}/dagRuns", limit=100, order_by="logical_date")["dag_runs"]
    return [run for run in listed if run["run_type"] == "scheduled"]


def preview_of(home, dag_id):
    """What the schedule will do."""
    answer = home.http.get(f"{home.url}/ui/next_runs/{dag_id}", timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def test_a_timetable_of_the_users_own_makes_runs_and_previews(home):
    plugins = home.path / "plugins"
    plugins.mkdir()
    (plugins / "ticks.py").write_text(TICKS)
    home.dag("ticking.py", DAGS)
    home.dag("broken.py", BROKEN)
    home.env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"
    home.standalone()
    home.wait_dag("all_of_them")

    # Catching up: each interval once, in order, to the end date.
    wait_for("60 runs", lambda: len(runs_of(home, "all_of_them")) == 60, timeout=90)
    starts = [run["data_interval_start"] for run in runs_of(home, "all_of_them")]
    assert starts == sorted(set(starts))
    assert (starts[0], starts[-1]) == ("2024-01-01T00:00:00Z", "2024-01-03T11:00:00Z")
    ended = wait_for("the end", lambda: (p := preview_of(home, "all_of_them"))["then"] == "ended" and p)
    assert ended["next_runs"] == []
    assert (ended["timetable_type"], ended["timetable_summary"]) == ("ticks.Ticks", "every 3600 s")

    # Not catching up: the latest interval that is over, and ten to come, by REST and command line.
    wait_for("a run", lambda: len(runs_of(home, "from_now_on")) == 1)
    preview = wait_for("ten", lambda: (p := preview_of(home, "from_now_on"))["then"] == "more" and p)
    (last,) = runs_of(home, "from_now_on")
    due = [run["run_after"] for run in preview["next_runs"]]
    assert len(due) == 10
    assert due[0][:10] > last["run_after"][:10]
    assert preview["next_runs"][0]["data_interval_start"] == last["data_interval_end"]
    listed = home.cli("dags", "next-execution", "from_now_on", "-n", "10", "--field", "run_after").stdout.split()
    assert listed == due
    assert len(home.cli("next_execution", "plain", "-n", "3").stdout.split()) == 3

    # A manual run asks for its interval.
    body = {"logical_date": "2024-05-05T12:00:00Z"}
    manual = home.rest("POST", "dags/from_now_on/dagRuns", json=body)
    interval = (manual["data_interval_start"], manual["data_interval_end"])
    assert interval == ("2024-05-04T12:00:00Z", "2024-05-05T12:00:00Z")

    # What is wrong with one is said where people look, and touches nothing else.
    errors = wait_for("an import error", lambda: home.get("importErrors")["import_errors"])
    assert [error["filename"].rsplit("/", 1)[-1] for error in errors] == ["broken.py"]
    wait_for("the exception", lambda: preview_of(home, "raise")["error"])
    wait_for("the crash", lambda: preview_of(home, "crash")["error"])
    assert "the holiday calendar is empty" in preview_of(home, "raise")["error"]
    assert "SIGABRT" in preview_of(home, "crash")["error"]
    assert len(runs_of(home, "plain")) == 1
    home.wait_run("raise", home.trigger("raise"))
    home.dag("broken.py", BROKEN.replace("Ticks(60, trouble)", "None"))
    wait_for("no error", lambda: home.get("importErrors")["total_entries"] == 0)


ERAS = """
    from datetime import datetime, timezone
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator

    with DAG("nightly", schedule="0 3 * * *", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), catchup=False):
        BashOperator(task_id="t", bash_command="echo {{ data_interval_start }} {{ data_interval_end }}")
"""


def test_dates_of_a_timetable_of_the_users_own_are_made_up_for(home):
    plugins = home.path / "plugins"
    plugins.mkdir()
    (plugins / "ticks.py").write_text(TICKS)
    home.dag("ticking.py", DAGS)
    home.standalone()
    home.wait_dag("all_of_them")
    span = {"dag_id": "all_of_them", "from_date": "2024-02-01T00:00:00Z", "to_date": "2024-02-01T03:00:00Z"}
    dry = home.rest("POST", "backfills/dry_run", json=span)
    dates = [f"2024-02-01T0{hour}:00:00Z" for hour in range(4)]
    assert [date["logical_date"] for date in dry["backfills"]] == dates
    home.rest("PATCH", "dags/all_of_them", json={"is_paused": False})
    backfill = home.rest("POST", "backfills", json={**span, "run_backwards": True, "max_active_runs": 1})

    def over():
        return home.get(f"backfills/{backfill['id']}")["completed_at"]

    wait_for("the end of the backfill", over, timeout=90)
    listed = home.get("dags/all_of_them/dagRuns", run_type="backfill", order_by="start_date")["dag_runs"]
    assert [run["logical_date"] for run in listed] == dates[::-1], "the latest date went first"
    assert {run["state"] for run in listed} == {"success"}
    assert listed[0]["data_interval_end"] == "2024-02-01T04:00:00Z"


def test_another_meaning_of_cron_is_a_new_version_that_runs_by_it(home):
    home.dag("eras.py", ERAS)
    home.env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"
    standalone = home.standalone()
    home.wait_dag("nightly")

    def newest():
        return home.get("dags/nightly/dagVersions", order_by="-version_number")["dag_versions"][0]["version_number"]

    # Airflow 3: a run is about the instant when it is due.
    (first,) = wait_for("a run", lambda: runs_of(home, "nightly"))
    assert first["data_interval_start"] == first["data_interval_end"]
    home.wait_run("nightly", first["dag_run_id"])
    assert newest() == 1
    assert standalone.stop() == 0

    # As in Airflow 2 from now on: a run covers the day before it.
    home.env["AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS"] = "True"
    home.standalone()
    wait_for("a new version", lambda: newest() == 2)
    preview = wait_for("what comes next", lambda: preview_of(home, "nightly")["next_runs"])
    assert preview[0]["data_interval_start"][:10] < preview[0]["run_after"][:10]
    manual = home.rest("POST", "dags/nightly/dagRuns", json={"logical_date": "2024-05-05T12:00:00Z"})
    interval = (manual["data_interval_start"], manual["data_interval_end"])
    assert interval == ("2024-05-04T03:00:00Z", "2024-05-05T03:00:00Z")
    home.wait_run("nightly", manual["dag_run_id"])
    assert home.run("nightly", manual["dag_run_id"])["dag_versions"][0]["version_number"] == 2
    assert "2024-05-04 03:00:00+00:00 2024-05-05 03:00:00+00:00" in home.log("nightly", manual["dag_run_id"], "t")
    again = home.run("nightly", first["dag_run_id"])
    assert again["data_interval_start"] == again["data_interval_end"], "what ran keeps what it was about"
