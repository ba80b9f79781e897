"""kill -9 in the middle of 20 runs: every run ends right, and no try of a task runs twice."""

from __future__ import annotations

import collections
import pathlib

import pytest
from system import FINISHED, wait_for

RUNS = 20

SOURCE = """
from datetime import timedelta
from airflow.sdk import dag, task
from airflow.operators.bash import BashOperator


def note(ti, what):
    import os
    line = f"{{ti.run_id}} {{ti.task_id}} {{ti.try_number}} {{what}}\\n".encode()
    file = os.open("{journal}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line)
    os.close(file)


@dag(schedule=None, max_active_runs=100, max_active_tasks=100,
     default_args={{"retries": 5, "retry_delay": timedelta(milliseconds=50)}})
def journal():
    @task
    def first(ti=None):
        import time
        note(ti, "start")
        time.sleep(0.15)
        note(ti, "end")

    shell = BashOperator(
        task_id="shell",
        bash_command="echo {{{{ run_id }}}} shell {{{{ ti.try_number }}}} start >> {journal}; sleep 0.1; "
                     "echo {{{{ run_id }}}} shell {{{{ ti.try_number }}}} end >> {journal}",
    )

    @task
    def last(ti=None):
        note(ti, "start")
        note(ti, "end")

    first() >> shell >> last()


journal()
"""

FAST_RECOVERY = {
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "0.5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "4",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0.5",
}


def source(journal) -> str:
    return SOURCE.format(journal=journal)


def lines(journal):
    if not journal.exists():
        return []
    return [tuple(line.split()) for line in journal.read_text().splitlines()]


def check(home, journal, run_ids):
    """Every run is a success, every task of it ended once, no try began twice."""
    for run_id in run_ids:
        home.wait_run("journal", run_id, timeout=120)
    noted = collections.Counter(lines(journal))
    twice = {line: count for line, count in noted.items() if count > 1}
    assert not twice, f"these tries ran twice: {twice}"
    for run_id in run_ids:
        for task_id, ti in home.tasks("journal", run_id).items():
            assert ti["state"] == "success", ti
            ended = [n for r, t, n, what in noted if (r, t, what) == (run_id, task_id, "end")]
            assert ended, f"{run_id} {task_id} is a success and never ended"
            assert str(ti["try_number"]) in ended, f"{run_id} {task_id}: try {ti['try_number']} is not among {ended}"


def start_runs(home):
    return [home.trigger("journal", f"run_{n:02}") for n in range(RUNS)]


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_killing_standalone_loses_nothing(home, tmp_path, share):
    journal = tmp_path / "journal.txt"
    home.env |= FAST_RECOVERY
    home.dag("journal.py", source(journal))
    process = home.standalone()
    home.wait_dag("journal")
    run_ids = start_runs(home)
    wait_for("the middle of the runs", lambda: len(lines(journal)) >= share * RUNS * 6)
    process.kill()
    home.standalone()
    assert any(home.run("journal", r)["state"] not in FINISHED for r in run_ids), "the kill came in the middle"
    check(home, journal, run_ids)


@pytest.mark.parametrize("victim", ["scheduler", "api-server", "dag-processor"])
def test_killing_a_role_on_postgres_loses_nothing(pg_home, tmp_path, victim):
    home = pg_home
    journal = tmp_path / "journal.txt"
    home.env |= FAST_RECOVERY
    home.dag("journal.py", source(journal))
    home.cli("db", "migrate")
    roles = {role: home.start(role) for role in ("api-server", "scheduler", "dag-processor")}
    home.wait_healthy(*roles.values())
    home.wait_dag("journal")
    run_ids = start_runs(home)
    wait_for("the middle of the runs", lambda: len(lines(journal)) >= 0.3 * RUNS * 6)
    roles[victim].kill()
    roles[victim] = home.start(victim)
    home.wait_healthy(*roles.values())
    check(home, journal, run_ids)


def test_one_of_two_schedulers_is_enough(pg_home, tmp_path):
    home = pg_home
    journal = tmp_path / "journal.txt"
    home.env |= FAST_RECOVERY
    home.dag("journal.py", source(journal))
    home.cli("db", "migrate")
    first = home.start("scheduler", name="scheduler-1")
    others = [home.start("api-server"), home.start("scheduler", name="scheduler-2"), home.start("dag-processor")]
    home.wait_healthy(*others)
    home.wait_dag("journal")
    run_ids = start_runs(home)
    wait_for("the middle of the runs", lambda: len(lines(journal)) >= 0.3 * RUNS * 6)
    first.kill()
    check(home, journal, run_ids)


ORPHAN = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow.operators.bash import BashOperator

with DAG("orphan", schedule=None):
    BashOperator(
        task_id="long",
        retries=1,
        retry_delay=timedelta(milliseconds=10),
        bash_command="echo $$ >> {journal}; [ {{{{ ti.try_number }}}} = 2 ] || sleep 600",
    )
"""


def test_a_command_does_not_outlive_its_killed_worker(home, tmp_path):
    journal = tmp_path / "journal.txt"
    home.env |= FAST_RECOVERY
    home.dag("orphan.py", ORPHAN.format(journal=journal))
    process = home.standalone()
    home.wait_dag("orphan")
    run_id = home.trigger("orphan", "r")
    wait_for("the command", lambda: lines(journal))
    process.kill()
    ((first,),) = lines(journal)
    assert pathlib.Path("/proc", first).exists(), "the command did not notice"
    home.standalone()
    home.wait_run("orphan", run_id, timeout=60)
    assert home.tasks("orphan", run_id)["long"]["state"] == "success"
    wait_for("the end of the first command", lambda: not pathlib.Path("/proc", first).exists())
    assert len(lines(journal)) == 2
