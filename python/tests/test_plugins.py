"""Plugins, listeners and cluster policies, in children of a real host."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Host, workload


class Home:
    """An ``AIRFLOW_HOME`` with plugins, local settings and DAG files, and a host for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.host = Host(AIRFLOW_HOME=str(path), PYTHONWARNINGS="ignore")

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def parse(self, text: str, name: str = "dags/dag_file.py") -> dict:
        return self.host.parse(self.write(name, text))

    def tasks(self, text: str) -> dict[str, dict]:
        parsed = self.parse(text)
        assert parsed["import_error"] is None, parsed["import_error"]
        return {task["task_id"]: task for dag in parsed["dags"] for task in dag["tasks"]}

    def run(self, text: str, task_id: str = "t", **kwargs):
        return self.host.fork().run(workload(self.write("dags/dag_file.py", text), "d", task_id, **kwargs))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    assert home.host.close() == 0


PLUGIN = """
    from airflow.hooks.base_hook import BaseHook
    from airflow.models import BaseOperator
    from airflow.operators.sensors import BaseSensorOperator
    from airflow.plugins_manager import AirflowPlugin
    from company_lib import GREETING

    class CompanyHook(BaseHook):
        def greet(self):
            return GREETING

    class CompanyOperator(BaseOperator):
        def execute(self, context):
            print("says", CompanyHook(None).greet())

    class CompanySensor(BaseSensorOperator):
        def poke(self, context):
            return True

    def shout(text):
        return text.upper()

    class CompanyPlugin(AirflowPlugin):
        name = "company"
        hooks = [CompanyHook]
        operators = [CompanyOperator]
        sensors = [CompanySensor]
        macros = [shout]
        flask_blueprints = [object()]
"""


def company(home: Home) -> None:
    home.write("plugins/company_lib.py", 'GREETING = "hello"\n')
    home.write("plugins/company_plugin.py", PLUGIN)


def test_classes_of_plugins_are_imported_as_in_airflow_1(home):
    company(home)
    dag_file = """
        from datetime import datetime
        from airflow import DAG
        from airflow.hooks import CompanyHook
        from airflow.hooks.company import CompanyHook as HookAgain
        from airflow.operators import CompanyOperator
        from airflow.operators.company import CompanyOperator as Again, CompanySensor as Inner
        from airflow.sensors import CompanySensor
        from company_plugin import CompanyOperator as Third
        assert CompanyOperator is Again is Third and CompanyHook is HookAgain and CompanySensor is Inner
        with DAG("d", schedule_interval=None, start_date=datetime(2024, 1, 1)):
            CompanyOperator(task_id="t") >> CompanySensor(task_id="s")
    """
    assert set(home.tasks(dag_file)) == {"s", "t"}
    child = home.run(dag_file)
    assert child.done["state"] == "success"
    assert child.stdout == "says hello\n"


def test_macros_of_plugins_are_in_templates(home):
    company(home)
    child = home.run("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.bash import BashOperator
        with DAG("d", schedule=None):
            BashOperator(task_id="t", bash_command="echo {{ macros.company.shout('loud') }}")
    """)
    assert child.done["xcoms"] == {"return_value": "LOUD"}


def test_a_bash_task_with_a_plugins_macro_is_not_for_the_native_lane(home):
    company(home)
    tasks = home.tasks("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.bash import BashOperator
        with DAG("d", schedule=None):
            BashOperator(task_id="plugin", bash_command="echo {{ macros.company.shout('loud') }}")
            BashOperator(task_id="plain", bash_command="echo {{ ds }}")
    """)
    assert tasks["plain"]["lane"]["kind"] == "bash"
    assert "lane" not in tasks["plugin"]


def test_a_missing_class_says_what_is_wrong_with_the_plugin(home):
    home.write("plugins/broken.py", "from airflow.plugins_manager import AirflowPlugin\nimport nowhere_to_be_found\n")
    parsed = home.parse("from airflow.operators import CompanyOperator\n")
    message = parsed["import_error"]["message"]
    assert "cannot import name 'CompanyOperator' from 'airflow.operators'" in message
    assert "broken.py (ModuleNotFoundError: No module named 'nowhere_to_be_found')" in message
    parsed = home.parse("from airflow.sdk import DAG\nd = DAG('d', schedule=None)\n")
    assert parsed["import_error"] is None, "a broken plugin does no harm to files that do not need it"


def test_a_changed_plugin_changes_what_a_file_depends_on(home):
    company(home)
    home.write("config/airflow_local_settings.py", "def task_policy(task):\n    task.queue = 'q'\n")
    parsed = home.parse("from airflow.sdk import DAG\nd = DAG('d', schedule=None)\n")
    names = {Path(module).name for module in parsed["modules"]}
    assert names == {"airflow_local_settings.py", "company_lib.py", "company_plugin.py"}


def test_parts_for_the_web_server_are_refused_once_and_clearly(tmp_path, capfd):
    home = Home(tmp_path / "home")
    company(home)
    assert home.host.close() == 0
    capfd.readouterr()
    again = Host(AIRFLOW_HOME=str(home.path))
    said, until = "", time.monotonic() + 30  # a child of the host looks at plugins; nobody waits for it
    while "flask_blueprints" not in said and time.monotonic() < until:
        said += capfd.readouterr().err
    assert again.close() == 0
    assert said.count("\n") == 1
    assert "plugin 'company'" in said
    assert "Airflow's own web server, which Tradewind does not have; the rest of the plugin is in use" in said


LISTENER = """
    from airflow.listeners import hookimpl
    from airflow.plugins_manager import AirflowPlugin

    class Listener:
        @hookimpl
        def on_task_instance_running(self, previous_state, task_instance):
            print("running", task_instance.task_id, previous_state.value)

        @hookimpl
        def on_task_instance_success(self, previous_state, task_instance, session):
            print("success", task_instance.task_id, task_instance.state)

        @hookimpl
        def on_task_instance_failed(self, task_instance, error):
            print("failed", task_instance.task_id, repr(error))
            raise RuntimeError("listeners may fail")

        @hookimpl
        def on_task_instance_skipped(self, task_instance):
            print("skipped", task_instance.task_id)

        @hookimpl
        def on_dag_run_success(self, dag_run, msg):
            print("run", dag_run.run_id, dag_run.state, msg)

    class ListenerPlugin(AirflowPlugin):
        name = "listeners"
        listeners = [Listener()]
"""
LISTENED = """
    from airflow.sdk import DAG, task
    from airflow.exceptions import AirflowSkipException
    from airflow.providers.standard.operators.bash import BashOperator
    with DAG("d", schedule=None):
        @task
        def t(): print("works")
        @task(retries=1)
        def bad(): raise ValueError("no")
        @task
        def skips(): raise AirflowSkipException("not today")
        t(), bad(), skips()
        BashOperator(task_id="shell", bash_command="true")
"""


def test_listeners_hear_of_every_try(home):
    home.write("plugins/listening.py", LISTENER)
    child = home.run(LISTENED)
    assert child.stdout.splitlines() == ["running t queued", "works", "success t success"]
    child = home.run(LISTENED, "bad")
    assert child.done["state"] == "up_for_retry"
    assert child.stdout.splitlines() == ["running bad queued", "failed bad ValueError('no')"]
    assert any("failed in on_task_instance_failed" in event for event in child.events)
    child = home.run(LISTENED, "skips")
    assert child.stdout.splitlines() == ["running skips queued", "skipped skips"]


def test_what_is_listened_to_is_part_of_the_dag(home):
    assert "lane" in home.tasks(LISTENED)["shell"]
    home.write("plugins/listening.py", LISTENER)
    parsed = home.parse(LISTENED)
    (dag,) = parsed["dags"]
    assert dag["callbacks"] == ["on_success"]
    assert "lane" not in {task["task_id"]: task for task in dag["tasks"]}["shell"], "its listeners are Python"


def test_listeners_hear_of_the_run(home):
    home.write("plugins/listening.py", LISTENER)
    job = workload(home.write("dags/dag_file.py", LISTENED), "d", "t")
    job |= {
        "type": "callback",
        "kind": "dag",
        "request": {"event": "on_success", "reason": "success", "state": "success"},
    }
    child = home.host.fork().run(job)
    (called,) = child.of_type("called")
    assert called.get("error") is None
    assert child.stdout == f"run {job['run']['run_id']} success success\n"


ASSET_LISTENER = """
    from airflow.listeners import hookimpl
    from airflow.plugins_manager import AirflowPlugin

    class Listener:
        @hookimpl
        def on_asset_changed(self, asset):
            print("changed", asset.name)

        @hookimpl
        def on_asset_event_emitted(self, asset_event):
            print("emitted", asset_event.asset.uri, asset_event.extra, asset_event.source_task_id)

        @hookimpl
        def on_new_dag_import_error(self, filename, stacktrace):
            print("new", filename.rpartition("/")[2], stacktrace.splitlines()[-1])

        @hookimpl
        def on_existing_dag_import_error(self, filename, stacktrace):
            print("existing", filename.rpartition("/")[2])

    class ListenerPlugin(AirflowPlugin):
        name = "listeners"
        listeners = [Listener()]
"""
OLDER_LISTENER = """
    import sys

    from airflow.listeners import hookimpl
    from airflow.plugins_manager import AirflowPlugin

    @hookimpl
    def on_dataset_created(dataset):
        print("dataset", dataset.name)

    @hookimpl
    def on_asset_created(asset):
        print("created", asset.uri, asset.group, asset.extra)

    class OlderPlugin(AirflowPlugin):
        name = "older"
        listeners = [sys.modules[__name__]]
"""
UPDATES = """
    from airflow.sdk import DAG, Asset, task
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    a = Asset("a", uri="s3://bucket/a")
    with DAG("d", schedule=None):
        @task(outlets=[a])
        def t(*, outlet_events):
            outlet_events[a].extra = {"rows": 3}
        t()
        BashOperator(task_id="shell", bash_command="true", outlets=[a])
        EmptyOperator(task_id="nothing", outlets=[a])
        EmptyOperator(task_id="less")
"""


def test_listeners_hear_of_asset_events(home):
    assert {"shell", "nothing"} <= {name for name, task in home.tasks(UPDATES).items() if "lane" in task}
    home.write("plugins/listening.py", ASSET_LISTENER)
    assert [name for name, task in home.tasks(UPDATES).items() if "lane" in task] == ["less"]
    child = home.run(UPDATES)
    assert child.stdout.splitlines() == ["changed a", "emitted s3://bucket/a {'rows': 3} t"]
    assert child.done["asset_updates"]


def told(home, *notices):
    """What a dag-processor's child says to notices, and what its listeners print."""
    child = home.host.fork().run({"type": "ask", "question": "notice", "about": {"notices": list(notices)}})
    return child.of_type("told")[0].get("answer"), child.stdout.splitlines()


def test_listeners_hear_of_assets_outside_of_tasks(home):
    event = {"asset": {"asset": {"name": "a", "uri": "s3://b/a"}}, "extra": {"from_rest_api": True}, "aliases": []}
    notices = [
        {"hook": "on_asset_created", "asset": {"name": "a", "uri": "s3://b/a", "group": "g", "extra": {"x": 1}}},
        {"hook": "on_asset_alias_created", "alias": {"name": "some", "group": "asset"}},
        {"hook": "on_asset_changed", "update": event, "source": None},
    ]
    assert told(home, *notices) == ({"listening": False}, [])
    home.write("plugins/listening.py", ASSET_LISTENER)
    home.write("plugins/older.py", OLDER_LISTENER)
    answer, lines = told(home, *notices)
    assert answer == {"listening": True}
    heard = ["changed a", "created s3://b/a g {'x': 1}", "dataset a", "emitted s3://b/a {'from_rest_api': True} None"]
    assert sorted(lines) == heard


def test_listeners_hear_of_import_errors(home):
    home.write("plugins/listening.py", ASSET_LISTENER)
    broken = home.write("dags/broken.py", "import nowhere_to_be_found")
    job = {"type": "parse", "path": str(broken), "root": str(broken.parent), "bundle": "b"}
    child = home.host.fork().run(job)
    assert child.stdout == "new broken.py ModuleNotFoundError: No module named 'nowhere_to_be_found'\n"
    assert home.host.fork().run(job | {"had_error": True}).stdout == "existing broken.py\n"


POLICIES = """
    from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation

    def dag_policy(dag):
        if not dag.tags:
            raise AirflowClusterPolicyViolation(f"DAG {dag.dag_id} has no tags")
        if "never" in dag.tags:
            raise AirflowClusterPolicySkipDag("never")

    def task_policy(task):
        if task.task_type == "BashOperator" and "rm" in task.bash_command:
            raise ValueError("no rm")
        if task.queue is None:
            task.queue = "small"

    def task_instance_mutation_hook(task_instance):
        if task_instance.task_id == "big":
            task_instance.pool = "big_pool"
            task_instance.max_tries = 4

    def get_airflow_context_vars(context):
        return {"COMPANY_DAG": context["dag"].dag_id}
"""


def test_cluster_policies_decide_about_dags_and_tasks(home):
    home.write("config/airflow_local_settings.py", POLICIES)
    parsed = home.parse("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("good", schedule=None, tags=["a"]):
            EmptyOperator(task_id="big")
            EmptyOperator(task_id="own", queue="mine")
        with DAG("left_out", schedule=None, tags=["never"]):
            EmptyOperator(task_id="t")
    """)
    assert parsed["import_error"] is None
    (dag,) = parsed["dags"]
    big, own = dag["tasks"]
    assert (big["queue"], big["pool"], big["retries"]) == ("small", "big_pool", 4)
    assert own["queue"] == "mine"
    parsed = home.parse("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.bash import BashOperator
        with DAG("untagged", schedule=None): pass
        with DAG("wipes", schedule=None, tags=["a"]):
            BashOperator(task_id="t", bash_command="rm -rf /")
        with DAG("fine", schedule=None, tags=["a"]): pass
    """)
    assert [dag["dag_id"] for dag in parsed["dags"]] == ["fine"]
    assert [error["message"] for error in parsed["errors"]] == [
        "AirflowClusterPolicyViolation: DAG untagged has no tags",
        "AirflowClusterPolicyError: ValueError: no rm",
    ]


def test_the_mutation_hook_says_what_it_can_not_know(home):
    home.write("config/airflow_local_settings.py", "def task_instance_mutation_hook(ti):\n    ti.queue = ti.run_id\n")
    parsed = home.parse("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("d", schedule=None):
            EmptyOperator(task_id="t")
    """)
    assert (
        "called while the DAG file is parsed, when task instances have no 'run_id' yet"
        in (parsed["import_error"]["message"])
    )


def test_local_settings_add_to_the_environment_and_to_settings(home):
    home.write("config/airflow_local_settings.py", POLICIES + "\n    COLOUR = 'green'\n")
    child = home.run("""
        import os
        from airflow import settings
        from airflow.sdk import DAG, task
        with DAG("d", schedule=None, tags=["a"]):
            @task
            def t():
                print(os.environ["COMPANY_DAG"], settings.COLOUR, settings.pod_mutation_hook(None))
            t()
    """)
    assert child.stdout == "d green None\n"


def test_links_of_plugins_are_links_of_their_operators(home):
    home.write(
        "plugins/linking.py",
        """
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.plugins_manager import AirflowPlugin
        from airflow.providers.standard.operators.bash import BashOperator

        class Wiki(BaseOperatorLink):
            name = "Wiki"
            operators = [BashOperator]
            def get_link(self, operator, *, ti_key):
                return "https://wiki.example.com/" + ti_key.task_id

        class Everywhere(BaseOperatorLink):
            name = "Everywhere"
            def get_link(self, operator, *, ti_key):
                return "https://example.com"

        class LinkPlugin(AirflowPlugin):
            name = "links"
            operator_extra_links = [Wiki()]
            global_operator_extra_links = [Everywhere()]
        """,
    )
    tasks = home.tasks("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("d", schedule=None):
            BashOperator(task_id="shell", bash_command="true") >> EmptyOperator(task_id="empty")
    """)
    assert tasks["shell"]["extra_links"] == ["Everywhere", "Wiki"]
    assert tasks["empty"]["extra_links"] == ["Everywhere"]


def test_timetables_and_priorities_of_plugins_are_in_use(home):
    home.write(
        "plugins/scheduling.py",
        """
        from airflow.plugins_manager import AirflowPlugin
        from airflow.task.priority_strategy import PriorityWeightStrategy
        from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

        class Weekly(Timetable):
            def infer_manual_data_interval(self, *, run_after):
                return DataInterval.exact(run_after)
            def next_dagrun_info(self, *, last_automated_data_interval, restriction):
                return None

        class Falling(PriorityWeightStrategy):
            def get_weight(self, ti):
                return max(3 - ti.try_number, 1)

        class SchedulingPlugin(AirflowPlugin):
            name = "scheduling"
            timetables = [Weekly]
            priority_weight_strategies = [Falling]
        """,
    )
    parsed = home.parse("""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator
        from scheduling import Falling, Weekly
        with DAG("d", schedule=Weekly(), start_date=None):
            EmptyOperator(task_id="t", weight_rule=Falling(), retries=2)
    """)
    assert parsed["import_error"] is None
    (dag,) = parsed["dags"]
    assert dag["timetable"]["module"] == "scheduling"
    assert dag["timetable"]["class"] == "Weekly"


def test_packages_bring_plugins_and_policies_as_entry_points(tmp_path):
    site = tmp_path / "site"
    (site / "acme-1.0.dist-info").mkdir(parents=True)
    (site / "acme-1.0.dist-info/entry_points.txt").write_text(
        "[console_scripts]\nacme = acme:main\n\n[airflow.plugins]\nacme = acme_plugin:AcmePlugin\n"
        "\n[airflow.policy]\nacme = acme_policy\n"
    )
    (site / "acme_plugin.py").write_text(
        "from airflow.plugins_manager import AirflowPlugin\nfrom airflow.models import BaseOperator\n"
        "class AcmeOperator(BaseOperator):\n    pass\n"
        "class AcmePlugin(AirflowPlugin):\n    name = 'acme'\n    operators = [AcmeOperator]\n"
    )
    (site / "acme_policy.py").write_text(
        "from airflow.policies import hookimpl\n@hookimpl\ndef task_policy(task):\n    task.pool = 'acme'\n"
    )
    from driver import PYTHON

    host = Host(AIRFLOW_HOME=str(tmp_path / "home"), PYTHONPATH=f"{PYTHON}:{site}")
    file = tmp_path / "dag_file.py"
    file.write_text(
        "from airflow.sdk import DAG\nfrom airflow.operators.acme import AcmeOperator\n"
        "with DAG('d', schedule=None):\n    AcmeOperator(task_id='t')\n"
    )
    parsed = host.parse(file)
    assert parsed["import_error"] is None, parsed["import_error"]
    assert parsed["dags"][0]["tasks"][0]["pool"] == "acme"
    assert host.close() == 0
