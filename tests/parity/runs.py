"""Large provider packages at work: DAGs run by the debug binary, in the environments of the section ``providers``.

The small packages run in `tests/e2e/test_providers.py`, with every other test.
"""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as ET

from ground import ROOT, Ground, Report

TITLE = "Provider packages at work"
REQUIREMENTS = ["pytest>=8", "requests>=2.31"]
ALONE: list[str] = []

#: Test to what it does.
ABOUT = {
    "test_s3": "bucket, objects, listing, copies, sensors (also deferrable), `ObjectStoragePath`, against moto",
    "test_gcs": "bucket, upload, sensors (also deferrable), listing, download, against gcp-storage-emulator",
    "test_sqs_and_athena_deferred": "a queue's sensor and a query, both deferred, against moto",
    "test_bigquery_job_deferred": "a query job, deferred while it runs, against a double of the REST API",
    "test_bigquery_insert": "streaming rows through `BigQueryHook.insert_all`, against a double of the REST API",
}


def measure(ground: Ground) -> Report:
    """Run the tests, and say which passed."""
    import sys

    answer = ground.folder / "junit.xml"
    answer.unlink(missing_ok=True)
    env = {**os.environ, "TRADEWIND_BIN": os.environ.get("TRADEWIND_BIN", str(ROOT / "target/debug/tradewind"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={answer}"]
    subprocess.run([*command, str(ROOT / "tests/providers")], env=env, check=False, cwd=ROOT / "tests/providers")
    rows, wrong = [], []
    for case in ET.parse(answer).iter("testcase"):
        name = case.get("name", "")
        problem = next((found for kind in ("failure", "error") if (found := case.find(kind)) is not None), None)
        rows.append(
            [
                case.get("classname", "").removeprefix("test_"),
                ABOUT.get(name, name),
                "no" if problem is not None else "yes",
            ]
        )
        if problem is not None:
            wrong.append(f"{name}: {(problem.get('message') or '').splitlines()[0][:200]}")
    text = [
        "DAG files that use the packages as they are on PyPI, run by `tradewind standalone`. "
        "HTTP, PostgreSQL, SQLite, SSH, SFTP and Redis are run by `make test` (`tests/e2e/test_providers.py`)."
    ]
    return Report(text, ["package", "what", "works"], rows, [], wrong)
