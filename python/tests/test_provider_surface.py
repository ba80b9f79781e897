"""What provider packages import besides what DAG files do, and where their modules are found."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from airflow.sdk.exceptions import AirflowTaskTimeout

PACKAGE = Path(__file__).parent.parent

ABOUT = """
def get_provider_info():
    return {
        "package-name": "apache-airflow-providers-acme",
        "name": "Acme",
        "connection-types": [{"connection-type": "acme", "hook-class-name": "airflow.providers.acme.hooks.AcmeHook"}],
        "asset-uris": [{"schemes": ["acme"], "handler": None, "factory": "airflow.providers.acme.hooks.make_asset"}],
        "config": {"acme": {"options": {"speed": {"default": "7"}}}},
    }
"""
HOOKS = """
from airflow.sdk import Asset, BaseHook

class AcmeHook(BaseHook):
    conn_name_attr, hook_name = "acme_conn_id", "Acme"

def make_asset(name, extra=None):
    return Asset(uri=f"acme://host/{name}")
"""


@pytest.fixture
def site(tmp_path):
    """A folder of packages as pip leaves it: a provider, and one more module of the standard provider."""
    files = {
        "airflow/providers/acme/__init__.py": "",
        "airflow/providers/acme/about.py": ABOUT,
        "airflow/providers/acme/hooks.py": HOOKS,
        "airflow/providers/standard/__init__.py": "raise RuntimeError('ours wins')",
        "airflow/providers/standard/operators/__init__.py": "raise RuntimeError('ours wins')",
        "airflow/providers/standard/operators/bash.py": "raise RuntimeError('ours wins')",
        "airflow/providers/standard/operators/only_there.py": "from airflow.providers.standard.operators import bash",
        "apache_airflow_providers_acme-1.2.dist-info/METADATA": "Name: apache-airflow-providers-acme\nVersion: 1.2\n",
        "apache_airflow_providers_acme-1.2.dist-info/entry_points.txt": (
            "[apache_airflow_provider]\nprovider_info=airflow.providers.acme.about:get_provider_info\n"
        ),
    }
    for name, text in files.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "site"


def answer(site: Path, code: str):
    """What a fresh interpreter says, whose path has pip's folder before and behind ours."""
    said = []
    for path in ([PACKAGE, site], [site, PACKAGE]):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, done.stderr
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]
    return said[0]


def test_providers_of_pip_and_ours_live_together(site):
    code = """
import json
import airflow.providers.acme.hooks
from airflow.providers.standard.operators import bash, only_there
print(json.dumps([only_there.bash is bash, hasattr(bash, "BashOperator"), airflow.providers.acme.hooks.__file__]))
"""
    assert answer(site, code) == [True, True, str(site / "airflow/providers/acme/hooks.py")]


def test_old_paths_take_old_names_of_arguments(site):
    """As with Google's provider, which renamed them between its first releases."""
    home = site / "airflow/providers/google/cloud/operators"
    home.mkdir(parents=True)
    for folder in (home, home.parent, home.parent.parent):
        (folder / "__init__.py").write_text("")
    (home / "pubsub.py").write_text(
        "from airflow.sdk import BaseOperator\n\n"
        "class PubSubCreateTopicOperator(BaseOperator):\n"
        "    def __init__(self, *, topic, project_id='none', **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.topic, self.project_id = topic, project_id\n"
    )
    code = """
import json
from airflow.contrib.operators.pubsub_operator import PubSubTopicCreateOperator
from airflow.sdk import DAG
with DAG("d", schedule=None, default_args={"project": "ours", "topic": "t"}):
    tasks = [
        PubSubTopicCreateOperator(task_id="a"),
        PubSubTopicCreateOperator(task_id="b", project="b"),
        PubSubTopicCreateOperator(task_id="c", project_id="c", project=None),
    ]
print(json.dumps([task.project_id for task in tasks] + [tasks[0].task_type]))
"""
    assert answer(site, code) == ["ours", "b", "c", "PubSubCreateTopicOperator"]


def test_an_original_airflow_does_not_leak_into_ours(site):
    (site / "airflow/__init__.py").write_text("")
    (site / "airflow/jobs_of_the_original.py").write_text("")
    code = "import airflow.jobs_of_the_original"
    env = {**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{site}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert "No module named 'airflow.jobs_of_the_original'" in done.stderr


def test_the_providers_manager_says_what_is_installed(site):
    code = """
import json
from airflow.configuration import conf
from airflow.providers_manager import ProvidersManager
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime
manager = ProvidersManager()
assert manager is ProvidersManager() is ProvidersManagerTaskRuntime()
manager.initialize_providers_hooks()
hook = manager.hooks["acme"]
print(json.dumps([
    manager.providers["apache-airflow-providers-acme"].version,
    [hook.hook_class_name, hook.connection_id_attribute_name, hook.hook_name],
    manager.hooks.get("nobody"),
    conf.getint("acme", "speed"),
    manager.asset_factories["acme"](name="x").uri,
]))
"""
    hook = ["airflow.providers.acme.hooks.AcmeHook", "acme_conn_id", "Acme"]
    assert answer(site, code) == ["1.2", hook, None, 7, "acme://host/x"]


def test_parts_of_the_engine_may_be_derived_from_and_not_made():
    from airflow.executors.base_executor import BaseExecutor

    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import SerializedDAG

    class Own(BaseExecutor):
        pass

    with pytest.raises(RuntimeError, match=r"Own is a part of Airflow's engine: set \[core\] executor to"):
        Own()
    with pytest.raises(RuntimeError, match="SerializedDAG is a part of Airflow's engine"):
        SerializedDAG()
    with pytest.raises(RuntimeError, match="needs Airflow's database"):
        SerializedDagModel.get("x")
    with pytest.raises(ModuleNotFoundError, match=r"airflow\.www: a part of Airflow 2's web server"):
        __import__("airflow.www")


def test_details_of_resources_are_values():
    from airflow.api_fastapi.auth.managers.models.resource_details import AssetDetails, DagDetails

    assert AssetDetails(id="a") == AssetDetails("a") != AssetDetails("b")
    assert DagDetails(id="a") != AssetDetails("a")
    assert DagDetails("a").team_name is None
    with pytest.raises(TypeError, match="AssetDetails takes id"):
        AssetDetails(name="x")


def test_statistics_go_to_the_server_that_is_configured(monkeypatch):
    from airflow.sdk.observability import stats

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_PORT", str(server.getsockname()[1]))
        stats._server.cache_clear()
        try:
            stats.Stats.incr("a b", 2)
            stats.Stats.gauge("level", 3, delta=True)
            with stats.Stats.timer("took", tags={"x": 1}) as timer:
                pass
            said = [server.recv(1000).decode() for _ in range(3)]
        finally:
            sender = stats._server()
            stats._server.cache_clear()
            if sender is not None:
                sender._socket.close()
    assert said[:2] == ["airflow.a_b:2|c", "airflow.level:+3|g"]
    assert said[2] == f"airflow.took:{timer.duration:.6f}|ms|#x:1"


def test_a_timeout_ends_a_block_and_gives_the_clock_back():
    from airflow.sdk.execution_time.timeout import timeout

    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(AirflowTaskTimeout, match="too slow"), timeout(0.02, "too slow"):
        signal.pause()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_masker_hides_what_it_was_told_and_what_has_a_telling_name():
    from airflow.sdk._shared.secrets_masker import SecretsMasker

    masker = SecretsMasker()
    masker.add_mask("hunter2hunter2")
    assert masker.redact({"a": ["say hunter2hunter2"], "password": "x", "b": ("hunter2hunter2", 1)}) == {
        "a": ["say ***"],
        "password": "***",
        "b": ("***", 1),
    }
    record = logging.LogRecord("x", logging.INFO, "", 0, "it is %s", ("hunter2hunter2",), None)
    assert masker.filter(record)
    assert record.getMessage() == "it is ***"


def test_xcoms_as_json_come_back():
    from airflow.utils.json import XComDecoder, XComEncoder

    value = {"a": (1, 2), "b": [{"c": {1, 2}}], "d": "text"}
    assert json.loads(json.dumps(value, cls=XComEncoder), cls=XComDecoder) == value


def test_old_names_of_modules(monkeypatch):
    from airflow.utils.deprecation_tools import DeprecatedImportWarning, add_deprecated_classes

    monkeypatch.setitem(sys.modules, "old_package", __import__("types").ModuleType("old_package"))
    monkeypatch.delitem(sys.modules, "old_package.part", raising=False)
    add_deprecated_classes({"part": {"Old": "collections.OrderedDict"}}, "old_package")
    with pytest.warns(DeprecatedImportWarning, match="old_package.part.Old is an old path; import collections.Ord"):
        assert sys.modules["old_package.part"].Old is __import__("collections").OrderedDict
    with pytest.raises(AttributeError):
        sys.modules["old_package.part"].New  # noqa: B018
    monkeypatch.delitem(sys.modules, "old_package.part")


def test_a_file_handler_writes_the_log_of_a_try(tmp_path):
    from types import SimpleNamespace

    from airflow.utils.log.file_task_handler import FileTaskHandler

    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", try_number=2)
    handler = FileTaskHandler(str(tmp_path), filename_template="{{ ti.dag_id }}/{{ ti.task_id }}/{{ try_number }}.log")
    handler.set_context(ti)
    handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "hello", None, None))
    handler.close()
    assert (tmp_path / "d/t/2.log").read_text() == "hello\n"
    assert [line.event for line in handler.read(ti)[0]] == ["hello"]
