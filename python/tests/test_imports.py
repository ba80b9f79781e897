"""Import paths, and what importing costs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from airflow._alias_table import MODULES, NAMES

PACKAGE = Path(__file__).parent.parent


@pytest.mark.parametrize("path", sorted({*MODULES, *NAMES}))
def test_every_alias_leads_somewhere(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = importlib.import_module(path)
        for name in NAMES.get(path, ()):
            assert getattr(module, name) is not None


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE)
    return done.stdout


def test_importing_airflow_is_cheap():
    """At most 40 ms and 20 MB more than the interpreter alone (the best of three runs: machines are busy)."""
    code = """
import json, resource, time
before = resource.getrusage(resource.RUSAGE_SELF)
import airflow
after = resource.getrusage(resource.RUSAGE_SELF)
import sys
heavy = [name for name in ("pendulum", "jinja2", "sqlalchemy", "logging", "importlib.metadata") if name in sys.modules]
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps([cpu, after.ru_maxrss - before.ru_maxrss, heavy]))
"""
    runs = [json.loads(run(code)) for _ in range(3)]
    assert min(cpu for cpu, _, _ in runs) < 0.040
    assert min(memory for _, memory, _ in runs) < 20_000
    assert runs[0][2] == []


def test_a_simple_dag_needs_neither_pendulum_nor_jinja():
    code = """
import sys
from datetime import datetime
from airflow.sdk import DAG, task
from airflow.providers.standard.operators.bash import BashOperator
with DAG("d", schedule="@daily", start_date=datetime(2024, 1, 1)) as dag:
    BashOperator(task_id="a", bash_command="{{ ds }}")
from airflow._serialize.dag import serialize_dag
serialize_dag(dag)
print([name for name in ("pendulum", "jinja2", "sqlite3", "asyncio") if name in sys.modules])
"""
    assert run(code) == "[]\n"


def test_old_paths_warn_and_are_the_very_same_classes(tmp_path):
    file = tmp_path / "uses_old_paths.py"
    file.write_text(
        "from airflow.operators.bash_operator import BashOperator as old\n"
        "from airflow.operators import BashOperator as older\n"
        "from airflow.operators.bash import BashOperator as two\n"
    )
    code = f"""
import sys, warnings
sys.path.append({str(tmp_path)!r})
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from uses_old_paths import old, older, two
from airflow.providers.standard.operators.bash import BashOperator as three
print(old is older is two is three)
print([(str(w.message), w.filename, w.lineno) for w in caught])
"""
    new = "airflow.providers.standard.operators.bash"
    first = f"airflow.operators.bash_operator is an old path; import from {new} instead"
    second = f"airflow.operators.BashOperator is an old path; import from {new} instead"
    assert run(code) == f"True\n{[(first, str(file), 1), (second, str(file), 2)]}\n"


def test_submodules_are_attributes():
    assert run("import airflow\nprint(airflow.utils.dates.days_ago(1).hour)") == "0\n"
    assert run("from airflow import models\nprint(models.DAG.__module__)") == "airflow.sdk.definitions.dag\n"


def test_what_is_missing_says_so():
    with pytest.raises(ModuleNotFoundError, match=r"airflow\.contrib\.operators\.x: moved to a provider package"):
        importlib.import_module("airflow.contrib.operators.x")
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        exec("from airflow.sdk import nonsense")
    from airflow.models import Log
    from airflow.utils.session import provide_session

    with pytest.raises(RuntimeError, match="needs Airflow's database"):
        Log.get_it("x")

    @provide_session
    def ask(session=None):
        return session.query(Log)

    with pytest.raises(RuntimeError, match=r"session\.query\(Log\) needs Airflow's database"):
        ask()
    for old, new in {
        "from airflow.contrib.operators.gcs_to_bq import GoogleCloudStorageToBigQueryOperator": (
            "airflow.contrib.operators.gcs_to_bq.GoogleCloudStorageToBigQueryOperator is "
            "airflow.providers.google.cloud.transfers.gcs_to_bigquery.GCSToBigQueryOperator now: "
            "pip install apache-airflow-providers-google"
        ),
        "from airflow.operators import HiveOperator": "pip install apache-airflow-providers-apache-hive",
        "from airflow.operators.hive_operator import HiveOperator": "pip install apache-airflow-providers-apache-hive",
        "from airflow.contrib.operators.dataproc_operator import DataProcPigOperator": (
            "which is gone: use DataprocSubmitJobOperator"
        ),
        "from airflow.contrib.kubernetes.volume import Volume": "use the classes of kubernetes.client.models",
        "from airflow.operators import NowhereOperator": "no plugin in .*/plugins offers it",
    }.items():
        with pytest.raises(ImportError, match=new.replace("(", r"\(").replace(")", r"\)")):
            exec(old)


def test_the_public_surface_of_the_sdk():
    """Every name of Airflow 3.3's SDK is there."""
    import airflow.sdk as sdk

    for name in sdk.__all__:
        assert getattr(sdk, name) is not None
    assert len(sdk.__all__) >= 85


def test_provider_packages_extend_the_namespace(tmp_path):
    folder = tmp_path / "airflow" / "providers" / "acme" / "operators"
    folder.mkdir(parents=True)
    (folder / "it.py").write_text("VALUE = 5\n")
    code = f"""
import sys
sys.path.append({str(tmp_path)!r})
from airflow.providers.acme.operators.it import VALUE
print(VALUE)
"""
    assert run(code) == "5\n"
