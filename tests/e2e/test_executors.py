"""What becomes of tries, the same questions to each executor: docs/semantics/executors.md is the table of it."""

from __future__ import annotations

import pathlib

import pytest
from executors import World
from system import wait_for

SOURCE = """
import os, pathlib, time
from datetime import timedelta
from airflow.sdk import dag, task

NOTES = pathlib.Path("{notes}")

@dag(schedule=None)
def plain():
    @task
    def good():
        return "fine"
    @task
    def bad():
        raise ValueError("it went wrong")
    @task(retries=1, retry_delay=timedelta(0))
    def second(ti=None):
        assert ti.try_number == 2, "not the first time"
    good(), bad(), second()

@dag(schedule=None)
def hold():
    @task(retries=1, retry_delay=timedelta(0))
    def wait(run_id=None, ti=None):
        def note(what):
            with open(NOTES / run_id, "a") as notes:
                notes.write(f"{{what}} {{ti.try_number}} {{os.getpid()}}\\n")
        note("begin")
        while not (NOTES / (run_id + ".gate")).exists():
            time.sleep(0.05)
        note("end")
    wait()

plain(); hold()
"""

EXECUTORS = ["LocalExecutor", "EdgeExecutor", "CeleryExecutor", "KubernetesExecutor"]


@pytest.fixture(scope="module", params=EXECUTORS)
def world(request, binary, postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    world = World(request.param, binary, folder, postgres.fresh_database())
    world.notes = folder / "notes"
    world.notes.mkdir()
    world.home.dag("tries.py", SOURCE.format(notes=world.notes))
    world.begin()
    for dag_id in ("plain", "hold"):
        world.home.wait_dag(dag_id)
    yield world
    world.close()


class Hold:
    """A run of a task that waits for its gate."""

    def __init__(self, world: World, run_id: str):
        self.home = world.home
        self.run_id = run_id
        self.file = world.notes / run_id
        self.gate = world.notes / f"{run_id}.gate"
        self.home.trigger("hold", run_id)
        self.pid = self.begun(1)

    def notes(self):
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [(what, int(number), int(pid)) for what, number, pid in map(str.split, lines)]

    def begun(self, number: int) -> int:
        """Waits until that try runs; the id of its process."""
        what = f"try {number} of {self.run_id}"
        return wait_for(what, lambda: [pid for note, at, pid in self.notes() if (note, at) == ("begin", number)], 60)[0]

    def ends_after(self, tries: int):
        """With success, when its gate is opened; and each try began once."""
        self.begun(tries)
        self.gate.touch()
        self.home.wait_run("hold", self.run_id)
        begun = [("begin", number) for number in range(1, tries + 1)]
        assert [note[:2] for note in self.notes()] == [*begun, ("end", tries)]
        assert self.home.tasks("hold", self.run_id)["wait"]["try_number"] == tries


def is_gone(pid: int) -> bool:
    """It runs no more; who has to take note of its end may not have done so yet."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


def test_tasks_succeed_fail_and_are_tried_again(world):
    home = world.home
    run_id = home.trigger("plain")
    home.wait_run("plain", run_id, "failed")
    tasks = home.tasks("plain", run_id)
    ends = {task_id: (ti["state"], ti["try_number"]) for task_id, ti in tasks.items()}
    assert ends == {"good": ("success", 1), "bad": ("failed", 1), "second": ("success", 2)}
    assert "ValueError: it went wrong" in home.log("plain", run_id, "bad")
    assert "not the first time" in home.log("plain", run_id, "second", 1)


def test_a_task_that_is_marked_as_failed_ends(world):
    hold = Hold(world, "marked")
    path = "dags/hold/dagRuns/marked/taskInstances/wait"
    world.home.rest("PATCH", path, json={"new_state": "failed"})
    wait_for("its process is gone", lambda: is_gone(hold.pid), 60)
    world.home.wait_run("hold", "marked", "failed")
    assert [note[:2] for note in hold.notes()] == [("begin", 1)]
    assert world.home.tasks("hold", "marked")["wait"]["try_number"] == 1


def test_a_try_is_repeated_when_what_runs_it_is_lost(world):
    hold = Hold(world, "lost")
    world.lose()
    hold.begun(2)
    assert is_gone(hold.pid), "the first try's process did not outlive what ran it"
    hold.ends_after(2)


# Workers finish what they run. A pod or a scheduler has no time for that: the try is ended and repeated.
DRAINED = {"LocalExecutor": 2, "EdgeExecutor": 1, "CeleryExecutor": 1, "KubernetesExecutor": 2}


def test_what_runs_a_try_is_asked_to_end(world):
    hold = Hold(world, "drained")
    leaving = world.worker
    world.ask_to_end()
    hold.ends_after(DRAINED[world.executor])
    if leaving:
        assert leaving.popen.wait(60) == 0
    else:
        assert "asked to end" in (log := world.home.log("hold", "drained", "wait")) or "shutting down" in log


# Only the LocalExecutor's tries go with the scheduler.
ORPHANED = {"LocalExecutor": 2, "EdgeExecutor": 1, "CeleryExecutor": 1, "KubernetesExecutor": 1}


def test_the_scheduler_dies(world):
    home = world.home
    hold = Hold(world, "orphaned")
    world.scheduler.kill()
    home.start("scheduler")
    # The next one works.
    home.trigger("plain", "later")
    home.wait_run("plain", "later", "failed")
    hold.ends_after(ORPHANED[world.executor])
