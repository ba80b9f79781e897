"""Backfills through the real binary: a dead scheduler, the limit, the old command lines."""

from __future__ import annotations

import collections

from system import wait_for
from test_crash import FAST_RECOVERY

SOURCE = """
import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("daily", schedule="@daily", start_date=datetime.datetime(2030, 1, 1), catchup=False, max_active_runs=1,
         is_paused_upon_creation=False):
    BashOperator(task_id="note", retries=5, retry_delay=datetime.timedelta(milliseconds=50),
                 bash_command="sleep 0.3; echo {{{{ ds }}}} {{{{ ti.try_number }}}} >> {journal}")
"""
DAYS = 24


def lines(journal):
    return [tuple(line.split()) for line in journal.read_text().splitlines()] if journal.exists() else []


def running(home):
    return home.get("dags/daily/dagRuns", state="running", limit=100)["total_entries"]


def test_a_backfill_ends_although_its_scheduler_is_killed(pg_home, tmp_path):
    home = pg_home
    journal = tmp_path / "journal.txt"
    home.env |= FAST_RECOVERY
    home.dag("daily.py", SOURCE.format(journal=journal))
    home.cli("db", "migrate")
    first = home.start("scheduler", name="scheduler-1")
    others = [home.start("api-server"), home.start("scheduler", name="scheduler-2"), home.start("dag-processor")]
    home.wait_healthy(*others)
    home.wait_dag("daily")
    body = {
        "dag_id": "daily",
        "from_date": "2024-01-01T00:00:00Z",
        "to_date": f"2024-01-{DAYS:02}T00:00:00Z",
        "max_active_runs": 3,
    }
    dry = home.rest("POST", "backfills/dry_run", json=body)
    assert dry["total_entries"] == DAYS
    backfill = home.rest("POST", "backfills", json=body)["id"]
    most = 0

    def in_the_middle():
        nonlocal most
        most = max(most, running(home))
        return len(lines(journal)) >= DAYS // 3

    wait_for("the middle of the backfill", in_the_middle, timeout=90)
    first.kill()

    def completed():
        nonlocal most
        most = max(most, running(home))
        return home.get(f"backfills/{backfill}")["completed_at"]

    wait_for("the end of the backfill", completed, timeout=120)
    assert 1 < most <= 3, f"{most} runs at once, three are allowed"
    runs = home.get("dags/daily/dagRuns", limit=100)["dag_runs"]
    assert collections.Counter(run["state"] for run in runs) == {"success": DAYS}
    assert {run["run_type"] for run in runs} == {"backfill"}
    noted = collections.Counter(lines(journal))
    assert len({date for date, _ in noted}) == DAYS
    assert not {line: count for line, count in noted.items() if count > 1}, "no try ran twice"


def test_the_old_command_lines_make_backfills_and_wait(home, tmp_path):
    journal = tmp_path / "journal.txt"
    home.dag("daily.py", SOURCE.format(journal=journal))
    home.standalone()
    home.wait_dag("daily")
    shown = home.cli("backfill", "-s", "2024-01-01", "-e", "2024-01-03", "-dr", "daily")
    assert "3 runs" in shown.stdout
    assert not journal.exists()
    done = home.cli("backfill", "-s", "2024-01-01", "-e", "2024-01-03", "-x", "daily")
    assert "3 of 3 runs are over: 3 succeeded" in done.stdout, done.stdout
    again = home.cli("dags", "backfill", "-s", "2024-01-02", "-e", "2024-01-04", "daily")
    assert "2 dates were left out: their run exists" in again.stdout, again.stdout
    assert sorted(date for date, _ in lines(journal)) == [f"2024-01-0{day}" for day in (1, 2, 3, 4)]
    home.cli("dags", "backfill", "-s", "2024-01-04", "--reset-dagruns", "-y", "daily")
    assert ("2024-01-04", "2") in lines(journal), "the date ran again"

    made = home.cli("backfill", "create", "--dag-id", "daily", "--from-date", "2024-01-05", "--to-date", "2024-01-06")
    assert "2 runs are queued" in made.stdout
    refused = home.cli("backfill", "-s", "2024-01-01", "-m", "daily", ok=False)
    assert "the option -m of 'dags backfill' is not available" in refused.stderr

    run_id = "backfill__2024-01-01T00:00:00+00:00"
    home.cli("dags", "clear", "daily", "--run-id", run_id, "-y")
    home.wait_run("daily", run_id)
    cleared = home.cli("clear", "-y", "-s", "2024-01-02", "-e", "2024-01-02", "-x", "-t", "note", "daily")
    assert "Cleared 1 task instances" in cleared.stdout
    assert "--exclude-subdags" in cleared.stderr
    wait_for("both dates again", lambda: {("2024-01-01", "2"), ("2024-01-02", "2")} <= set(lines(journal)))
