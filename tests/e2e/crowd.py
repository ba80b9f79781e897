"""Many tasks that write down when they began and ended, to see that each ended once and none ran twice at once."""

from __future__ import annotations

import os
import pathlib
import time

from system import wait_for

#: How many. `make celery-faults` takes 500.
TASKS = int(os.environ.get("TASKS") or 40)
#: One line for each fault that was gone through, for the end of the test run.
REPORT: list[str] = []

SOURCE = """
from datetime import timedelta
from airflow.sdk import dag, task

@dag(schedule=None, max_active_tasks=1000)
def crowd():
    @task(retries=2, retry_delay=timedelta(seconds=0))
    def one(n):
        import fcntl, os, pathlib, time
        folder = pathlib.Path("{folder}")
        mine = folder / f"{n}.running"
        fd = os.open(mine, os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            (folder / f"{n}.twice").touch()
            raise
        with open(folder / f"{n}.begun", "a") as out:
            out.write("x")
        while (folder / "hold").exists():
            time.sleep(0.05)
        time.sleep(0.05)
        with open(folder / f"{n}.done", "a") as out:
            out.write("x")
    one.expand(n=list(range({tasks})))
crowd()
"""


class Crowd:
    """The DAG `crowd` in a home."""

    def __init__(self, home, tasks: int = TASKS):
        self.home, self.tasks = home, tasks
        self.folder = pathlib.Path(home.path / "seen")
        self.folder.mkdir()
        home.dag("crowd.py", SOURCE.replace("{folder}", str(self.folder)).replace("{tasks}", str(tasks)))
        home.wait_dag("crowd")

    def hold(self):
        """From now on tasks do not end."""
        (self.folder / "hold").touch()

    def go_on(self):
        (self.folder / "hold").unlink()

    def count(self, what: str) -> int:
        """How many have `begun`, are `done`, ran `twice` at once."""
        return len(list(self.folder.glob(f"*.{what}")))

    def wait_begun(self, count: int, timeout: float = 60.0):
        wait_for(f"{count} tasks that run", lambda: self.count("begun") >= count, timeout)
        assert self.count("begun") == count

    def check(self, run_id: str, at_most: int = 1):
        """Every task ended well, was done once, began at most so often, and never ran twice at once."""
        began = time.monotonic()
        self.home.wait_run("crowd", run_id, timeout=120 + self.tasks)
        assert not list(self.folder.glob("*.twice")), "ran twice at once"
        done = {n: (self.folder / f"{n}.done").read_text() for n in range(self.tasks)}
        assert set(done.values()) == {"x"}, "each was done once"
        begun = [len((self.folder / f"{n}.begun").read_text()) for n in range(self.tasks)]
        assert max(begun) <= at_most, begun
        again = sum(count > 1 for count in begun)
        name = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[2].partition(" ")[0]
        REPORT.append(
            f"{name}: {self.tasks} tasks, each ended once, none ran twice at once, "
            f"{again} begun again, over {time.monotonic() - began:.1f} s after it was mended"
        )


def said(process, words: str, timeout: float = 60.0):
    """Waits until a process has said that; its line of the log goes to the report."""

    def line():
        return next((line for line in process.output().splitlines() if words in line), None)

    found = wait_for(f"'{words}' of {process.name}", line, timeout)
    REPORT.append(f"    {process.name}: {found.strip()}")
    return found
