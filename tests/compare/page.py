"""What differs between the two sides, and the page that says so."""

from __future__ import annotations

import fnmatch
import pathlib
import re
from typing import Any

HERE = pathlib.Path(__file__).parent
_NOISE = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"[\w./-]+/(airflow|tradewind)-home"), "HOME"),
    (re.compile(r"[\w./-]+/(airflow-[\d.]+|tradewind-venv)/bin/"), "VENV/bin/"),
    (re.compile(r"/tmp/[\w./-]+"), "/tmp"),
    # Instants of the comparison itself; those of the run's date are kept.
    (re.compile(r"(?!2024-01-0)20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "(now)"),
)


def plain(value: Any) -> Any:
    """Without what differs from run to run."""
    if isinstance(value, str):
        for pattern, instead in _NOISE:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _empty(value: Any) -> bool:
    return value in (None, "", [], {}, "None", "()", "[]", "{}")


def differences(theirs: dict, ours: dict) -> list[tuple[str, Any, Any]]:
    """What is not the same: where, Airflow's and ours."""
    if theirs.get("problem") or ours.get("problem"):
        return [("run", theirs.get("problem") or theirs["state"], ours.get("problem") or ours.get("state"))]
    found: list[tuple[str, Any, Any]] = []
    if theirs["state"] != ours["state"]:
        found.append(("state", theirs["state"], ours["state"]))
    for part in ("tasks", "xcoms"):
        for name in sorted({*theirs[part], *ours[part]}):
            a, b = plain(theirs[part].get(name)), plain(ours[part].get(name))
            if a != b:
                found.append((f"{part} {name}", a, b))
    for name in sorted({*theirs["rendered"], *ours["rendered"]}):
        a, b = (plain(side["rendered"].get(name) or {}) for side in (theirs, ours))
        for field in sorted({*a, *b}):
            left, right = a.get(field), b.get(field)
            if left != right and not (_empty(left) and _empty(right)):
                found.append((f"rendered {name}.{field}", left, right))
    return found


def table(path: pathlib.Path) -> list[list[str]]:
    """Rows of a file of tab-separated values."""
    return [line.split("\t") for line in path.read_text().splitlines() if line and not line.startswith("#")]


def explain(dag_id: str, where: str) -> str | None:
    """Why a difference is as it should be."""
    for dag, what, why in table(HERE / "known.tsv"):
        if fnmatch.fnmatchcase(dag_id, dag) and fnmatch.fnmatchcase(where.replace("[", "(").replace("]", ")"), what):
            return why
    return None


def _cell(value: Any) -> str:
    text = str(value).replace("|", "\\|").replace("\n", " ")
    return f"`{text[:120]}…`" if len(text) > 120 else f"`{text}`"


def page(theirs: dict, ours: dict, version: str) -> tuple[str, int]:
    """The page, and how many differences nobody has explained."""
    lines, details, unexplained, same = [], [], 0, 0
    for dag_id, other in sorted(theirs["dags"].items()):
        mine = ours["dags"].get(dag_id, {"problem": "not run"})
        found = differences(other, mine)
        counts = (len(other.get("tasks", ())), len(other.get("xcoms", ())), len(other.get("rendered", ())))
        verdict = "the same"
        if found:
            reasons = [explain(dag_id, where) for where, _, _ in found]
            unexplained += reasons.count(None)
            verdict = f"{len(found)} differ" + (f", {reasons.count(None)} unexplained" if None in reasons else "")
            details.append(f"\n### {dag_id}\n\n| what | Airflow | Tradewind | why |\n| --- | --- | --- | --- |")
            for (where, a, b), why in zip(found, reasons):
                details.append(f"| {where} | {_cell(a)} | {_cell(b)} | {why or '**not explained**'} |")
        else:
            same += 1
        state = other.get("state") or other.get("problem")
        lines.append(f"| {dag_id} | {state} | {counts[0]} | {counts[1]} | {counts[2]} | {verdict} |")
    left_out = [f"| {name} | {why} |" for name, why in table(HERE / "left_out.tsv")]
    text = f"""# The example DAGs of Airflow {version}, run in both

`make compare` runs every example DAG of `apache-airflow {version}` and of its standard provider that needs no other
system: once with `dag.test()` in a real Airflow on SQLite, once in a Tradewind of its own, from the same files, with the
same run id and logical date. It compares the run's end state, the state of every task instance, every XCom and every
rendered field. What differs from run to run (instants of the comparison itself, temporary folders, addresses of
objects) is not compared; empty rendered fields count as none. What examples choose at random is the first of its kind
on both sides (`tests/compare/site`). A DAG that starts after the date of all others runs for the day after its start.

Of {len(theirs["dags"])} DAGs {same} end the same in every respect.

| DAG | end | task instances | XComs | with rendered fields | Tradewind |
| --- | --- | --- | --- | --- | --- |
{chr(10).join(lines)}

## What differs, and why
{chr(10).join(details) if details else chr(10) + "Nothing."}

## What is left out

| file | why |
| --- | --- |
{chr(10).join(left_out)}
"""
    return text, unexplained
