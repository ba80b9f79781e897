"""`make adoption`: real Airflows from PyPI fill databases, Tradewind takes them over and writes back, and Airflow reads that.

    python3 tests/adoption [VERSION …]      default: 1.10.15 2.2.4 2.11.0 3.3.2, on SQLite
    python3 tests/adoption --fixtures       and writes the fixtures of crates/store/tests/airflow anew

Needs the interpreters that `make_source.sh` names, and the network. Not part of CI: that reads the fixtures.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = pathlib.Path(os.environ.get("ADOPTION_DIR", "/tmp/tradewind-adoption"))
BINARY = os.environ.get("TRADEWIND_BIN") or str(ROOT / "target/debug/tradewind")
KEY = "ZmVybmV0LWtleS1vZi10aGUtYWRvcHRpb24tdGVzdHM="
VERSIONS = ("1.10.15", "2.2.4", "2.11.0", "3.3.2")


def source(*words: str) -> str:
    """Runs `make_source.sh`; what it printed."""
    return subprocess.run([str(HERE / "make_source.sh"), *words], check=True, capture_output=True, text=True).stdout


def tradewind(home: pathlib.Path, *words: str) -> str:
    """Runs our command line; what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [BINARY, *words], env=env | {"AIRFLOW_HOME": str(home)}, check=True, capture_output=True, text=True
    )
    return done.stdout


def connection_of(version: str, url: str) -> str:
    """What a real Airflow says of the connection that came back."""
    if version.startswith("1."):
        code = "from airflow.hooks.base_hook import BaseHook; print(BaseHook.get_connection('shop_back').password)"
        return source("run", version, "sqlite", url, "python", "-c", code)
    return source("run", version, "sqlite", url, "airflow", "connections", "get", "shop_back", "-o", "json")


def check(version: str, fixtures: bool) -> None:
    """One version, there and back again."""
    source("install", version)
    file = FOLDER / f"source-{version}.db"
    file.unlink(missing_ok=True)
    url = f"sqlite:///{file}"
    source("fill", version, "sqlite", url)
    if fixtures:
        sql = subprocess.run(
            [sys.executable, str(HERE / "dump.py"), "sqlite", str(file)], check=True, capture_output=True, text=True
        ).stdout
        (ROOT / f"crates/store/tests/airflow/{version}-sqlite.sql").write_text(sql)
    home = FOLDER / f"tradewind-{version}"
    shutil.rmtree(home, ignore_errors=True)
    report = json.loads(tradewind(home, "db", "import-airflow", "--from", url, "--fernet-key", KEY, "-o", "json"))
    rows = {row["what"]: row for row in report}
    for what in ("connections", "variables", "pools", "users", "runs", "task instances", "XComs"):
        assert rows[what]["written"] == rows[what]["read"] > 0, f"{version}: {rows[what]}"
    tradewind(home, "connections", "add", "shop_back", "--conn-type", "http", "--conn-password", "back ü")
    tradewind(home, "db", "export-airflow", "--to", url, "--fernet-key", KEY)
    said = connection_of(version, url)
    # JSON may have the letter escaped.
    assert "back ü" in said or "back \\u00fc" in said, f"{version}: {said}"
    sys.stdout.write(f"{version}: taken over and written back\n")


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if not word.startswith("-")]
    for one in asked or VERSIONS:
        check(one, "--fixtures" in sys.argv)
