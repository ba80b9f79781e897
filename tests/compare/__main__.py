"""Runs Airflow's example DAGs in a real Airflow and here, and writes docs/comparison.md.

For development only: it installs Airflow from PyPI under target/. ``make compare`` calls it.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import page
import tradewind_side

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = os.environ.get("COMPARE_AIRFLOW", "3.3.2")
SECONDS = float(os.environ.get("COMPARE_SECONDS", "180"))
FOLDERS = ("airflow/example_dags", "airflow/providers/standard/example_dags")


def airflow_python(work: pathlib.Path) -> pathlib.Path:
    """The interpreter of Airflow's own environment, which is made once."""
    venv = work / f"airflow-{VERSION}"
    python = venv / "bin/python"
    if not (venv / ".installed").exists():
        print(f"==> Installing apache-airflow {VERSION} into {venv}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", f"apache-airflow=={VERSION}"], check=True)
        (venv / ".installed").touch()
    return python


def own_python(work: pathlib.Path) -> pathlib.Path:
    """The interpreter of our side: what our package needs, and the one provider that examples import."""
    venv = work / "tradewind-venv"
    if not (venv / ".installed").exists():
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "-q"]
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run(
            [*pip, "jinja2>=3.1", "markupsafe>=2.1", "pendulum>=3", "python-dateutil>=2.8", "packaging"], check=True
        )
        subprocess.run([*pip, "--no-deps", "apache-airflow-providers-common-compat"], check=True)
        (venv / ".installed").touch()
    return venv / "bin/python"


def copy_examples(python: pathlib.Path, dags: pathlib.Path) -> None:
    """Airflow's example files, without those that can't run here or there."""
    left_out = {name for name, _ in page.table(page.HERE / "left_out.tsv")}
    shutil.rmtree(dags, ignore_errors=True)
    dags.mkdir(parents=True)
    (site,) = (python.parents[1] / "lib").glob("python3*/site-packages")
    for folder in FOLDERS:
        for file in (site / folder).iterdir():
            if file.suffix == ".py" and file.stem not in left_out | {"__init__"}:
                shutil.copy(file, dags)
            elif file.is_dir() and file.name in ("libs", "sql"):
                shutil.copytree(file, dags / file.name, dirs_exist_ok=True)


def run_airflow(python: pathlib.Path, work: pathlib.Path, dags: pathlib.Path) -> dict:
    """What becomes of the DAGs in Airflow."""
    home = work / "airflow-home"
    shutil.rmtree(home, ignore_errors=True)
    first_files(home)
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "COMPARE_SECONDS": str(int(SECONDS)),
        "COMPARE_ONLY": os.environ.get("COMPARE_ONLY", ""),
        "PYTHONPATH": str(page.HERE / "site"),
    }
    out = work / "airflow.json"
    before = json.loads(out.read_text()) if env["COMPARE_ONLY"] and out.exists() else {"dags": {}}
    subprocess.run([str(python.parent / "airflow"), "db", "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
    log = work / "airflow.log"
    print(f"==> Running the examples in Airflow (what they print: {log})", flush=True)
    with open(log, "wb") as stderr:
        side = str(page.HERE / "airflow_side.py")
        subprocess.run([str(python), side, str(dags), str(out)], env=env, check=True, stderr=stderr)
    found = json.loads(out.read_text())
    found["dags"] = before["dags"] | found["dags"]
    out.write_text(json.dumps(found, indent=1))
    return found


def first_files(home: pathlib.Path) -> None:
    """What examples find below the home of either side: a folder with one DAG file."""
    (home / "dags").mkdir(parents=True, exist_ok=True)
    (home / "dags/one.py").write_text("")


def main() -> int:
    """0 if every difference is explained."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    work = target / "compare"
    work.mkdir(parents=True, exist_ok=True)
    binary = pathlib.Path(os.environ.get("TRADEWIND_BIN") or target / "debug/tradewind").resolve()
    dags = work / "dags"
    if os.environ.get("COMPARE_AGAIN"):  # only our side, against what Airflow did before
        theirs = json.loads((work / "airflow.json").read_text())
    else:
        python = airflow_python(work)
        copy_examples(python, dags)
        theirs = run_airflow(python, work, dags)
    print("==> Running the examples in Tradewind", flush=True)
    home = work / "tradewind-home"
    for name in ("tradewind.db", "tradewind.db-wal", "tradewind.db-shm", "airflow.db"):
        (home / name).unlink(missing_ok=True)
    first_files(home)
    ours = tradewind_side.run_all(binary, home, dags, own_python(work), theirs, SECONDS)
    (work / "tradewind.json").write_text(json.dumps(ours, indent=1))
    text, unexplained = page.page(theirs, ours, VERSION)
    (ROOT / "docs/comparison.md").write_text(text)
    print(f"==> docs/comparison.md: {unexplained} differences are not explained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main())
