"""Runs a DAG of a test's own to its end and reads what its tasks left."""

from __future__ import annotations


def plain(value):
    """An XCom's value without the marks of tuples."""
    if isinstance(value, dict):
        if value.get("__classname__") == "builtins.tuple":
            return plain(value["__data__"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def run(home, dag_id: str, source: str, run_id: str | None = None) -> dict:
    """Save a DAG file, run its DAG once, and answer the XComs by task. A failure shows the logs."""
    home.dag(f"{dag_id}.py", source)
    home.wait_dag(dag_id)
    run_id = home.trigger(dag_id, run_id)
    try:
        home.wait_run(dag_id, run_id, timeout=180)
    except AssertionError as error:
        logs = [
            f"--- {t['task_id']} {t['state']}\n{home.log(dag_id, run_id, t['task_id'])[-3000:]}"
            for t in home.tasks(dag_id, run_id).values()
            if t["state"] not in ("success", None)
        ]
        raise AssertionError(f"{error}\n" + "\n".join(logs)) from None
    found = {}
    for task_id in home.tasks(dag_id, run_id):
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        answer = home.rest("GET", path, ok=False, params={"deserialize": True})
        found[task_id] = plain(answer.json()["value"]) if answer.ok else None
    return found
