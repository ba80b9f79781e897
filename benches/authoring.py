#!/usr/bin/env python3
"""What writing and running Python costs: imports, parsing, a warm task, sleeping tasks. One JSON line a repetition.

    authoring.py [--repeat N] [--out FILE] [--files 500] [import|parse|warm-task|sleepers]...

Needs the binary (TRADEWIND_BIN, default target/release/tradewind) and the Python environment of the tests. Starts
processes of its own in a home of its own, on SQLite. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

from system import Home, wait_for  # noqa: E402

STATEMENTS = {"airflow": "import airflow", "sdk": "from airflow.sdk import DAG, task"}
#: Prints what a statement took and how much larger it made the process.
MEASURE = """
import time

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4 / 1024

before, began = resident(), time.perf_counter()
{statement}
print(time.perf_counter() - began, resident() - before)
"""


def imports(args) -> dict[str, float]:
    """Time and memory of an import in a fresh interpreter; the median of 20."""
    figures = {}
    with tempfile.TemporaryDirectory() as byte_code:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        # An installed package is compiled; so is this one from the second run on.
        env |= {"PYTHONPATH": str(ROOT / "python"), "PYTHONPYCACHEPREFIX": byte_code}
        for name, statement in STATEMENTS.items():
            times, sizes = [], []
            for number in range(21):
                command = [sys.executable, "-c", MEASURE.format(statement=statement)]
                took, size = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
                if number:
                    times.append(float(took))
                    sizes.append(float(size))
            figures |= {f"{name}_s": statistics.median(times), f"{name}_mib": statistics.median(sizes)}
    return figures


def rows(home: Home, statement: str, *values):
    """Rows of the database, which another process writes."""
    connection = sqlite3.connect(f"file:{home.path / 'airflow.db'}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def parse(args) -> dict[str, float]:
    """From the start of a dag-processor: to the last new DAG in the database, and over files that are as they were."""
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(folder)
        home.env["AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL"] = "86400"
        home.env["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "DEBUG"
        home.cli("db", "migrate")
        command = [sys.executable, ROOT / "benches/gen_dags.py", home.dags, "--count", str(args.files), "--tasks", "10"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        began = time.perf_counter()
        first = home.start("dag-processor", name="cold")
        wait_for("every DAG", lambda: rows(home, "SELECT count(*) FROM dag")[0][0] == args.files, 120, 0.01)
        cold = time.perf_counter() - began
        first.stop()
        began = time.perf_counter()
        again = home.start("dag-processor", name="again")
        looked = wait_for("a scan", lambda: re.search(r"looked at the DAG folder.*", again.output()), 60, 0.005)
        total = time.perf_counter() - began
        line = re.sub(r"\x1b\[[0-9;]*m", "", looked.group())
        found = {name: int(value) for name, value in re.findall(r"(files|changed|took_ms)=(\d+)", line)}
        assert (found["files"], found["changed"]) == (args.files, 0), line
        home.stop_all()
        return {"cold_s": cold, "unchanged_s": found["took_ms"] / 1000, "unchanged_since_launch_s": total}


CHAIN = """
from datetime import datetime
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("warm", schedule=None) as dag:
    last = None
    for n in range(40):
        each = PythonOperator(task_id=f"t{n}", python_callable=lambda day: None, op_kwargs={"day": "{{ run_id }}"})
        if last is not None:
            last >> each
        last = each
"""


def warm_task(args) -> dict[str, float]:
    """A try of a Python task that does nothing, on a host that has its file: from its claim to its recorded end."""
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(folder)
        home.dag("warm.py", CHAIN)
        home.standalone()
        home.wait_dag("warm")
        for run_id in ("first", "second"):
            home.trigger("warm", run_id)
            home.wait_run("warm", run_id)
        took = rows(
            home,
            "SELECT t.end_date - t.start_date FROM task_instance AS t JOIN dag_run ON dag_run.id = t.run_key "
            "WHERE dag_run.run_id = 'second'",
        )
        home.stop_all()
        seconds = sorted(row[0] / 1e6 for row in took)
        return {"overhead_p50_s": statistics.median(seconds), "overhead_p95_s": seconds[int(len(seconds) * 0.95)]}


SLEEPERS = """
import time
from airflow.sdk import dag, task

@dag(schedule=None)
def sleepers():
    @task
    def sleeper(n):
        open("{folder}/" + str(n), "w").close()
        time.sleep(600)

    sleeper.expand(n=list(range({count})))

sleepers()
"""


def private_kib(pid: int) -> int:
    """Memory that the process shares with nobody."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(value) for value in re.findall(r"^Private_(?:Clean|Dirty): +(\d+)", text, re.MULTILINE))


def sleepers(args, count=50) -> dict[str, float]:
    """Private memory of each of 50 Python tasks that sleep."""
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(folder)
        home.env["AIRFLOW__CORE__PARALLELISM"] = home.env["AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG"] = str(count)
        home.env["AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME"] = "1"
        marks = home.path / "asleep"
        marks.mkdir()
        home.dag("sleepers.py", SLEEPERS.format(folder=marks, count=count))
        service = home.standalone()
        home.wait_dag("sleepers")
        home.trigger("sleepers")
        wait_for("all asleep", lambda: len(list(marks.iterdir())) == count, 120)
        children: dict[int, list[int]] = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        todo, leaves = [service.pid], []
        while todo:
            pid = todo.pop()
            below = children.get(pid, [])
            todo += below
            if not below and pid != service.pid:
                leaves.append(private_kib(pid) / 1024)
        home.stop_all()
        assert len(leaves) >= count, leaves
        return {"private_p50_mib": statistics.median(leaves), "private_max_mib": max(leaves)}


def new_home(folder: str) -> Home:
    """An empty home on SQLite."""
    binary = pathlib.Path(os.environ.get("TRADEWIND_BIN") or ROOT / "target/release/tradewind").resolve()
    return Home(binary, pathlib.Path(folder) / "home")


SCENARIOS = {"import": imports, "parse": parse, "warm-task": warm_task, "sleepers": sleepers}


def main() -> None:
    """Run the scenarios; print and keep their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []], default=[])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    for name in args.scenarios or SCENARIOS:
        for _ in range(args.repeat):
            figures = SCENARIOS[name](args)
            row = {
                "label": "standalone",
                "scenario": f"authoring-{name}",
                "at": round(time.time(), 1),
                "figures": figures,
            }
            print(json.dumps(row), flush=True)
            if args.out:
                with args.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
