#!/usr/bin/env python3
"""Browsing a long history: the GETs that a web interface makes, on a database of a million task instances.

    browse.py [--base-url URL] fill --count 1000000     run 200 DAGs of 50 empty tasks until there are so many
    browse.py [--base-url URL] measure [--pid NAME=PID] each call alone (p50, p99), then all by many clients at once
    browse.py commands --tradewind PATH                 commands that need no Python, each a process of its own

DAGs: dags_history.py. One JSON line goes to --out, as bench.py writes them.
"""

import argparse
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import rss
from bench import Api, RawClient, percentile

DAGS, TASKS = 200, 50


def fill(api, args):
    """Trigger runs of every DAG until the server holds --count task instances, and wait for their ends."""
    names = [f"history_{n:03}" for n in range(DAGS)]
    deadline = time.time() + 60
    while api.get("dags", tags="history", limit=1)["total_entries"] < DAGS:
        if time.time() > deadline:
            raise TimeoutError("the DAGs of dags_history.py are not there after 60 s")
        time.sleep(0.2)
    for name in names:
        api.unpause(name)
    held = api.get("dags/~/dagRuns/~/taskInstances", limit=1)["total_entries"]
    runs = max(0, -(-(args.count - held) // TASKS))
    started = time.time()
    with ThreadPoolExecutor(8) as pool:
        for done, _ in enumerate(pool.map(lambda n: api.trigger(names[n % DAGS]), range(runs)), 1):
            if done % 2000 == 0:
                print(f"    {done:,} of {runs:,} runs triggered, {time.time() - started:.0f} s", flush=True)
    while left := api.get("dags/~/dagRuns", limit=1, state=["queued", "running"])["total_entries"]:
        if time.time() - started > args.timeout:
            raise TimeoutError(f"fill: {left} runs are still active")
        time.sleep(1)
    took = time.time() - started
    return {"runs": runs, "fill_s": took, "tasks_per_s": runs * TASKS / took}


def calls(api):
    """{name: path below the address} of what the pages ask for, at places in the middle of the history."""
    dag = f"history_{DAGS // 2:03}"
    run = api.get(f"dags/{dag}/dagRuns", limit=1, order_by="-run_after", state="success")["dag_runs"][0]["dag_run_id"]
    task = f"api/v2/dags/{dag}/dagRuns/{run}/taskInstances/step_07"
    return {
        "dags_page": "ui/dags?limit=50&offset=0",
        "dags_search": "ui/dags?limit=50&offset=0&q=history_1",
        "dags": "api/v2/dags?limit=50",
        "details": f"api/v2/dags/{dag}/details",
        "grid": f"ui/grid/{dag}?limit=25",
        "runs_of_dag": f"api/v2/dags/{dag}/dagRuns?limit=50&order_by=-run_after",
        "runs_of_all": "api/v2/dags/~/dagRuns?limit=50&order_by=-run_after",
        "failed_runs": "api/v2/dags/~/dagRuns?limit=50&order_by=-run_after&state=failed",
        "run": f"api/v2/dags/{dag}/dagRuns/{run}",
        "tasks_of_run": f"api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=50",
        "tasks_of_all": "api/v2/dags/~/dagRuns/~/taskInstances?limit=50",
        "tasks_by_start": "api/v2/dags/~/dagRuns/~/taskInstances?limit=50&order_by=-start_date",
        "failed_tasks": "api/v2/dags/~/dagRuns/~/taskInstances?limit=50&order_by=-start_date&state=failed",
        "task": task,
        "tries": f"{task}/tries",
        "xcoms": f"{task}/xcomEntries",
        "event_logs": "api/v2/eventLogs?limit=50&order_by=-when",
    }


def latencies(client, seconds, most=4000):
    times = []
    deadline = time.perf_counter() + seconds
    while (now := time.perf_counter()) < deadline and len(times) < most:
        client.get()
        times.append(time.perf_counter() - now)
    return times


def browse(base, token, paths, seconds, seed, answers):
    """One client process: random calls for so long; puts the latencies of all."""
    api = Api(base, token)
    clients = [RawClient(api, path, prefix="/") for path in paths]
    pick, times = random.Random(seed), []
    deadline = time.perf_counter() + seconds
    while (now := time.perf_counter()) < deadline:
        pick.choice(clients).get()
        times.append(time.perf_counter() - now)
    answers.put(times)


def measure(api, args):
    """p50 and p99 of each call with one client; then requests a second of them all mixed by --clients processes."""
    figures = {"task_instances": api.get("dags/~/dagRuns/~/taskInstances", limit=1)["total_entries"]}
    targets, answered, everything = calls(api), [], []
    for name, path in targets.items():
        client = RawClient(api, path, prefix="/")
        try:
            for _ in range(5):
                size = client.get()
        except RuntimeError as refused:  # another server's pages may ask other things
            print(f"    {name:16} left out: {refused}")
            continue
        answered.append(path)
        times = latencies(client, args.seconds)
        everything += times[:300]
        figures |= {f"{name}.p50_ms": percentile(times, 50) * 1000, f"{name}.p99_ms": percentile(times, 99) * 1000}
        print(f"    {name:16} p50 {figures[f'{name}.p50_ms']:7.2f} ms  p99 {figures[f'{name}.p99_ms']:7.2f} ms  {size:,} bytes", flush=True)
    figures |= {"all.p50_ms": percentile(everything, 50) * 1000, "all.p99_ms": percentile(everything, 99) * 1000}
    answers = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=browse, args=(api.base, api.token, answered, args.seconds * 2, seed, answers))
        for seed in range(args.clients)
    ]
    for worker in workers:
        worker.start()
    times = [t for _ in workers for t in answers.get()]
    for worker in workers:
        worker.join()
    figures |= {
        "requests_per_s": len(times) / (args.seconds * 2),
        "together.p50_ms": percentile(times, 50) * 1000,
        "together.p99_ms": percentile(times, 99) * 1000,
    }
    for name, row in rss.measure(rss.parse_targets(args.pid), 1).items():
        figures[f"{name}.pss_mib"] = row["pss_mib"]
    return figures


COMMANDS = {
    "version": ["version"],
    "dags list": ["dags", "list"],
    "dags list-runs": ["dags", "list-runs", "history_100"],
    "dags details": ["dags", "details", "history_100"],
    "pools list": ["pools", "list"],
    "variables list": ["variables", "list"],
    "connections list": ["connections", "list"],
    "config get-value": ["config", "get-value", "core", "dags_folder"],
    "jobs check": ["jobs", "check"],
    "dags pause": ["dags", "pause", "history_100"],
    "dags trigger": ["dags", "trigger", "history_100"],
}


def commands(_api, args):
    """Seconds that a command takes as a process, p50 of --times each."""
    figures = {}
    for name, words in COMMANDS.items():
        times = []
        for _ in range(args.times):
            began = time.perf_counter()
            done = subprocess.run([args.tradewind, *words], capture_output=True, text=True, env=os.environ)
            times.append(time.perf_counter() - began)
            if done.returncode != 0:
                raise RuntimeError(f"tradewind {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
        figures[f"{name.replace(' ', '_').replace('-', '_')}_s"] = statistics.median(times)
        print(f"    {name:20} {statistics.median(times) * 1000:6.1f} ms (worst {max(times) * 1000:.1f})", flush=True)
    figures["slowest_s"] = max(figures.values())
    return figures


SCENARIOS = {"fill": fill, "measure": measure, "commands": commands}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--base-url", default="http://127.0.0.1:8080")
    parser.add_argument("--token", help="bearer token; without it one is asked for at /auth/token")
    parser.add_argument("--count", type=int, default=1_000_000, help="fill: task instances to reach")
    parser.add_argument("--timeout", type=float, default=1800, help="fill: seconds to give it")
    parser.add_argument("--seconds", type=float, default=4, help="measure: seconds for each call")
    parser.add_argument("--clients", type=int, default=8, help="measure: client processes at once")
    parser.add_argument("--times", type=int, default=15, help="commands: repetitions")
    parser.add_argument("--tradewind", default="tradewind", help="commands: the binary")
    parser.add_argument("--pid", action="append", default=[], help="NAME=PID of a component's root process")
    parser.add_argument("--label", default="airflow")
    parser.add_argument("--out", help="append one JSON line to this file")
    args = parser.parse_args()
    api = None if args.scenario == "commands" else Api(args.base_url, args.token)
    figures = SCENARIOS[args.scenario](api, args)
    row = {"label": args.label, "scenario": f"browse-{args.scenario}", "figures": figures}
    if args.out:
        with open(args.out, "a") as file:
            file.write(json.dumps(row) + "\n")
    print(json.dumps(row))


if __name__ == "__main__":
    main()
