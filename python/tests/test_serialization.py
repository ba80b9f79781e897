"""Serialized DAGs: goldens, and that they never depend on the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GOLDENS = sorted((HERE / "dags").glob("*.py"))
SCRIPT = """
import sys
from airflow._runtime.load import dags_of, load
from airflow._serialize.dag import serialize_dag
from airflow._serialize.values import canonical
path, root = sys.argv[1:]
found = dags_of(load(path, root))
for _, dag in sorted(found.items()):
    document = serialize_dag(dag)
    document["fileloc"] = ""
    sys.stdout.buffer.write(canonical(document) + b"\\n")
"""


def serialize(path: Path, seed: str = "0") -> bytes:
    """The canonical bytes, from a fresh process."""
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(HERE.parent), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(path.parent)], env=env, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_golden(path):
    """Run with TRADEWIND_UPDATE_GOLDENS=1 to accept what has changed."""
    golden = path.with_suffix(".json")
    documents = [json.loads(line) for line in serialize(path).splitlines()]
    text = json.dumps(documents, indent=1, sort_keys=True) + "\n"
    if os.environ.get("TRADEWIND_UPDATE_GOLDENS"):
        golden.write_text(text)
    assert json.loads(golden.read_text()) == documents


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_two_processes_write_the_same_bytes(path):
    assert serialize(path, "1") == serialize(path, "2")


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_no_addresses(path):
    assert b" at 0x" not in serialize(path)


@pytest.mark.parametrize(
    ("rights", "written"),
    [
        ({"team": {"can_read", "can_edit"}}, {"team": ["can_edit", "can_read"]}),
        ({"team": ["can_dag_read"]}, {"team": ["can_dag_read"]}),
        ({"team": {"DAG Runs": {"can_create"}, "DAGs": ["can_read"]}}, None),
    ],
)
def test_access_control_is_written_in_all_spellings(rights, written):
    from airflow._serialize.dag import serialize_dag
    from airflow.sdk import DAG

    written = written or {"team": {"DAG Runs": ["can_create"], "DAGs": ["can_read"]}}
    assert serialize_dag(DAG("d", schedule=None, access_control=rights))["access_control"] == written


@pytest.mark.parametrize("rights", [{"team": {"can_fly"}}, {"team": {"Variables": {"can_read"}}}])
def test_access_control_that_means_nothing_is_refused(rights):
    from airflow._serialize.dag import serialize_dag
    from airflow.sdk import DAG

    with pytest.raises(ValueError, match="it should be one of"):
        serialize_dag(DAG("d", schedule=None, access_control=rights))
