"""Three schedulers on one PostgreSQL, killed, stopped and continued at random: nothing is lost, nothing runs twice."""

from __future__ import annotations

import collections
import random
import signal

import pytest
from system import FINISHED, wait_for
from test_crash import FAST_RECOVERY

RUNS = 200
SLOTS = 4

SOURCE = """
from datetime import timedelta
from airflow.sdk import dag
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

NOTE = "echo {{{{ run_id }}}} {{{{ ti.task_id }}}} {{{{ ti.try_number }}}} %s $PPID $(date +%%s%%N) >> {journal}"


def step(name, **more):
    return BashOperator(task_id=name, bash_command=f"{{NOTE % 'start'}}; sleep 0.1; {{NOTE % 'end'}}", **more)


@dag(schedule=None, max_active_runs={places}, max_active_tasks=100,
     default_args={{"retries": 20, "retry_delay": timedelta(milliseconds=20)}})
def relay():
    step("first") >> [step("narrow", pool="narrow"), EmptyOperator(task_id="empty")] >> step("last")


relay()
"""

PLACES = 40


class Journal:
    """What the tasks wrote: run, task, try, start or end, the scheduler's process, when."""

    def __init__(self, path):
        self.path = path

    def lines(self):
        if not self.path.exists():
            return []
        return [tuple(line.split()) for line in self.path.read_text().splitlines() if line.count(" ") == 5]

    def twice(self):
        counted = collections.Counter(line[:4] for line in self.lines())
        return {line: count for line, count in counted.items() if count > 1}

    def most_at_once(self, task):
        """How many tries of a task ran at the same instant, at most; of those whose end is known."""
        at = {}
        for run, name, number, what, _, when in self.lines():
            if name == task:
                at.setdefault((run, number), {})[what] = int(when)
        whole = [times for times in at.values() if len(times) == 2]
        steps = sorted([(t["start"], 1) for t in whole] + [(t["end"], -1) for t in whole])
        running = most = 0
        for _, change in steps:
            running += change
            most = max(most, running)
        return most


@pytest.fixture
def trio(pg_home, tmp_path):
    """A home with api-server, dag-processor and three schedulers, and the journal of its DAG's tasks."""
    home = pg_home
    journal = Journal(tmp_path / "journal.txt")
    home.env |= FAST_RECOVERY | {"AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "5"}
    home.dag("relay.py", SOURCE.format(journal=journal.path, places=PLACES))
    home.cli("db", "migrate")
    home.cli("pools", "set", "narrow", str(SLOTS), "of three schedulers")
    others = [home.start("api-server"), home.start("dag-processor")]
    schedulers = [home.start("scheduler", name=f"scheduler-{n}") for n in range(3)]
    home.wait_healthy(*others, *schedulers)
    home.wait_dag("relay")
    return home, journal, schedulers


def ended(home):
    page = home.get("dags/relay/dagRuns", state=list(FINISHED), limit=1)
    return page["total_entries"]


def check(home, journal):
    """Every run is a success, every try ran at most once, and the one that counted ran to its end."""
    failed = home.get("dags/relay/dagRuns", state="failed", limit=5)
    assert failed["total_entries"] == 0, failed["dag_runs"]
    assert home.get("dags/relay/dagRuns", state="success", limit=1)["total_entries"] == RUNS
    assert not journal.twice(), f"these ran twice: {journal.twice()}"
    ends = {line[:3] for line in journal.lines() if line[3] == "end"}
    seen = 0
    while True:
        page = home.get("dags/~/dagRuns/~/taskInstances", limit=100, offset=seen, order_by="id")
        for ti in page["task_instances"]:
            assert ti["state"] == "success", ti
            if ti["task_id"] != "empty":
                key = (ti["dag_run_id"], ti["task_id"], str(ti["try_number"]))
                assert key in ends, f"{key} is a success and never ended"
        seen += len(page["task_instances"])
        if seen >= page["total_entries"]:
            break
    assert seen == RUNS * 4
    most = journal.most_at_once("narrow")
    assert 2 <= most <= SLOTS, f"{most} tasks were in a pool of {SLOTS} slots at once"


def test_three_schedulers_killed_at_random_lose_and_double_nothing(trio):
    home, journal, schedulers = trio
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    # They begin together: otherwise most of them are over before the last one is asked for.
    home.cli("dags", "pause", "relay")
    for n in range(RUNS):
        home.trigger("relay", f"run_{n:03}")
    home.cli("dags", "unpause", "relay")
    died = 0
    while (done := ended(home)) < RUNS * 0.9:
        nth = rng.randrange(3)
        if rng.random() < 0.7:
            schedulers[nth].kill()
            died += 1
            schedulers[nth] = home.start("scheduler", name=f"scheduler-{nth}")
        else:
            # Longer than a scheduler may be silent: its runs go on elsewhere, and it comes back with old plans.
            schedulers[nth].popen.send_signal(signal.SIGSTOP)
            more = min(done + 15, RUNS)
            try:
                wait_for("others to go on", lambda more=more: ended(home) >= more, timeout=40)
            finally:
                schedulers[nth].popen.send_signal(signal.SIGCONT)
        more = min(ended(home) + rng.randrange(4, 20), RUNS)
        wait_for(f"{more} runs to end", lambda more=more: ended(home) >= more, timeout=60)
    wait_for("all runs to end", lambda: ended(home) == RUNS, timeout=60)
    assert died >= 2, "hardly anything happened"
    check(home, journal)


def test_work_is_spread_and_goes_on_when_one_is_gone_for_good(trio):
    home, journal, schedulers = trio
    for n in range(RUNS):
        home.trigger("relay", f"run_{n:03}")
    wait_for("a part of the runs to end", lambda: ended(home) >= RUNS * 0.3, timeout=60)
    schedulers[0].kill()
    wait_for("all runs to end", lambda: ended(home) == RUNS, timeout=60)
    check(home, journal)
    by = collections.Counter(line[4] for line in journal.lines())
    pids = {str(process.pid) for process in schedulers}
    assert set(by) <= pids and len(by) >= 2, f"tasks by scheduler: {by}"
