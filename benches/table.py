#!/usr/bin/env python3
"""Writes the table of BENCHMARKS.md from benches/figures/*.jsonl, beside Airflow 3.3.2's figures.

Airflow's figures were measured with the same bench.py on the same kind of machine (2 vCPU, Debian 12, LocalExecutor,
PostgreSQL 15); "tuned" has [scheduler] scheduler_idle_sleep_time at 0.1 s.
"""

import json
import pathlib
import platform
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "BENCHMARKS.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"

# (what, scenario, figure, unit, Airflow's default, Airflow tuned)
ROWS = [
    ("chain of 30 Python tasks: gap between two, p50", "chain-py", "gap_p50_s", "ms", 1.026, 0.211),
    ("- p95", "chain-py", "gap_p95_s", "ms", 1.18, 0.343),
    ("chain of 30 bash tasks: gap, p50", "chain-bash", "gap_p50_s", "ms", 1.00, 0.103),
    ("200 parallel Python tasks", "fanout-py", "tasks_per_s", "/s", 6.3, 6.0),
    ("- processor time of a task", "fanout-py", "cpu_s.total/200", "ms", 0.30, None),
    ("200 parallel bash tasks", "fanout-bash", "tasks_per_s", "/s", 6.4, None),
    ("200 empty tasks", "fanout-empty", "tasks_per_s", "/s", 274, 833),
    ("100 runs x 5 Python tasks", "many-runs", "tasks_per_s", "/s", 9.5, 8.9),
    ("mapped over 200", "mapped", "makespan_s", "s", 30.9, None),
    ("POST dagRun to task start, idle system, p50, Python", "latency-py", "to_start_p50_s", "ms", 0.58, 0.143),
    ("- bash", "latency-bash", "to_start_p50_s", "ms", None, None),
    ("POST to seen success, Python, p50", "latency-py", "to_seen_success_p50_s", "ms", 1.71, 0.43),
    ("40 x fib(10) in sequence", "windmill-40", "makespan_s", "s", 44.8, 11.9),
    ("10 x fib(33) in sequence", "windmill-10", "makespan_s", "s", 12.0, 6.7),
    ("launch to healthy", "startup", "health_s", "s", 7.6, None),
    ("launch to first task done", "startup", "first_success_s", "s", 11.8, None),
    ("500 new files x 10 tasks, all visible", "parse", "all_visible_s", "s", 42.4, None),
    ("dag-processor from launch: 500 new files x 10 tasks", "authoring-parse", "cold_s", "s", None, None),
    ("- over 500 files that are as they were", "authoring-parse", "unchanged_s", "ms", None, None),
    ("import airflow", "authoring-import", "airflow_s", "ms", None, None),
    ("- memory that it adds", "authoring-import", "airflow_mib", "MiB", None, None),
    ("from airflow.sdk import DAG, task", "authoring-import", "sdk_s", "ms", None, None),
    ("- memory that it adds", "authoring-import", "sdk_mib", "MiB", None, None),
    ("a warm Python task that does nothing: claim to recorded end, p50", "authoring-warm-task", "overhead_p50_s", "ms", None, None),
    ("50 sleeping Python tasks: private memory of each, p50", "authoring-sleepers", "private_p50_mib", "MiB", None, None),
    ("idle memory (PSS), a few DAGs", "@idle", "total.pss_mib", "MiB", 1022, None),
    ("processor time in 60 s, idle, 500 scheduled DAGs", "@idle-500", "total.cpu_over_60_s", "s", 92.5, None),
    ("idle memory (PSS), 10,000 native and 1,000 Python triggers", "@waiting", "total.pss_mib", "MiB", None, None),
    ("- processor time in 60 s", "@waiting", "total.cpu_over_60_s", "s", None, None),
    ("task starts that reach a no-op executor, one scheduler", "starts", "starts_per_s", "/s", None, None),
    ("no-op tasks scheduled, started and finished", "tasks", "tasks_per_s", "/s", None, None),
    ("a run of 10,000 empty tasks in 10 layers", "layers", "makespan_s", "s", None, None),
    ("cost of a no-op task, 100 instances in its run", "in-run-100", "per_task_s", "ms", None, None),
    ("- 1,000", "in-run-1000", "per_task_s", "ms", None, None),
    ("- 10,000", "in-run-10000", "per_task_s", "ms", None, None),
    ("- 100,000", "in-run-100000", "per_task_s", "ms", None, None),
    ("cost of a no-op task, 1,000 finished instances in the database", "finished-1000", "per_task_s", "ms", None, None),
    ("- 10,000", "finished-10000", "per_task_s", "ms", None, None),
    ("- 100,000", "finished-100000", "per_task_s", "ms", None, None),
    ("- 1,000,000", "finished-1000000", "per_task_s", "ms", None, None),
    ("planning alone: task finishes in a run of 100,000, one core", "planning", "finishes_per_s", "/s", None, None),
    ("CeleryExecutor on Redis, one worker of 16: gap between two Python tasks, p50", "celery:chain-py", "gap_p50_s", "ms", 1.07, None),
    ("- 200 parallel Python tasks", "celery:fanout-py", "tasks_per_s", "/s", 7.47, None),
    ("- 500 parallel Python tasks", "celery:fanout-py-500", "tasks_per_s", "/s", None, None),
    ("- the same by turns with a real Airflow", "celery:@turns", "tasks_per_s", "/s", None, None),
    ("- idle memory (PSS) of the worker", "celery:@idle", "worker.pss_mib", "MiB", None, None),
    ("REST, 20,000 task instances: GET dags, p50", "api", "dags_p50_ms", "ms!", 20, None),
    ("- GET dagRuns of a DAG, 100", "api", "dag_runs_p50_ms", "ms!", 72, None),
    ("- GET taskInstances of a run", "api", "run_tis_200_p50_ms", "ms!", 51, None),
    ("- GET ~/~ taskInstances, 100", "api", "all_tis_100_p50_ms", "ms!", 125, None),
    ("REST, 1,000,000 task instances: 17 calls that pages make, p50", "browse-measure", "all.p50_ms", "ms!", 13.4, None),
    ("- newest task instances of all runs, 50, p50", "browse-measure", "tasks_by_start.p50_ms", "ms!", 3679, None),
    ("- p99", "browse-measure", "all.p99_ms", "ms!", 69.7, None),
    ("- all of them mixed, 8 clients", "browse-measure", "requests_per_s", "/s", 15.8, None),
    ("- p99 meanwhile", "browse-measure", "together.p99_ms", "ms!", 29632, None),
    ("- memory (PSS) of the api-server after that", "browse-measure", "api-server.pss_mib", "MiB", 261, None),
    ("slowest of 11 commands that need no Python, p50", "browse-commands", "slowest_s", "ms", 3.61, None),
]


def load():
    """{(mode, scenario, figure): [values]}"""
    figures = {}
    for file in sorted((HERE / "figures").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            mode, _, what = row["label"].partition("-")
            scenario = f"@{what}" if what else row["scenario"]
            if row["scenario"] == "unpause-all":
                continue
            for figure, value in row["figures"].items():
                figures.setdefault((mode, scenario, figure), []).append(value)
    return figures


def show(value, unit):
    """A figure with its unit, three digits at most."""
    if value is None:
        return ""
    if unit == "ms":
        value, unit = value * 1000, "ms"
    unit = unit.rstrip("!")
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3g}"
    return f"{text}{unit}" if unit == "/s" else f"{text} {unit}"


def main():
    figures = load()

    def cell(mode, scenario, figure, unit):
        figure, _, divisor = figure.partition("/")
        values = figures.get((mode, scenario, figure))
        if not values:
            return ""
        values = [v / float(divisor or 1) for v in values]
        text = show(statistics.median(values), unit)
        return f"{text} ({show(min(values), unit)}–{show(max(values), unit)})" if len(values) > 1 else text

    lines = [
        BEGIN,
        "",
        "| scenario | Tradewind, SQLite | Tradewind, PostgreSQL | Airflow 3.3.2 | Airflow 3.3.2 tuned |",
        "| --- | --- | --- | --- | --- |",
    ]
    for what, scenario, figure, unit, default, tuned in ROWS:
        own_mode, _, scenario = scenario.rpartition(":")  # a mode of its own is shown where its database is
        modes = ("", own_mode) if own_mode else ("standalone", "postgres")
        ours = [cell(mode, scenario, figure, unit) for mode in modes]
        theirs = cell("airflow", scenario, figure, unit) or show(default, unit)
        lines.append(f"| {what} | {ours[0]} | {ours[1]} | {theirs} | {show(tuned, unit)} |")
    cpu = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    lines += ["", f"Machine of Tradewind's figures: {cores} vCPU ({cpu}), {platform.platform()}.", "", END]
    table = "\n".join(lines)
    text = TARGET.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    TARGET.write_text(before + table + after)
    print(table)


if __name__ == "__main__":
    main()
