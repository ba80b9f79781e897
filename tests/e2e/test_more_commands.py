"""Commands that ask Python: providers, plugins, connections that work or not, templates, DAG files as they are now."""

from __future__ import annotations


PLUGIN = """
from airflow.plugins_manager import AirflowPlugin

def shout(text):
    return text.upper()

class Loud(AirflowPlugin):
    name = "loud"
    macros = [shout]
"""

SOURCE = """
from datetime import datetime
from airflow.sdk import DAG, Asset
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator

with DAG("first", schedule=None, start_date=datetime(2024, 1, 1)):
    BashOperator(task_id="say", bash_command="echo {{ ds }} {{ var.value.word }}", outlets=[Asset("news")])
    TriggerDagRunOperator(task_id="go", trigger_dag_id="second")

with DAG("second", schedule=[Asset("news")], start_date=datetime(2024, 1, 1)):
    EmptyOperator(task_id="done")
"""


def test_what_is_installed_is_told(home):
    (home.path / "plugins").mkdir()
    (home.path / "plugins/loud.py").write_text(PLUGIN)
    (plugin,) = home.cli_json("plugins")
    assert plugin["name"] == "loud" and plugin["source"].endswith("plugins/loud.py")
    assert plugin["macros"] == ["loud.shout"]
    for what in (
        "list",
        "hooks",
        "widgets",
        "triggers",
        "links",
        "behaviours",
        "logging",
        "secrets",
        "auth",
        "auth-managers",
    ):
        assert isinstance(home.cli_json("providers", what), list), what
    for what in ("executors", "queues", "notifications", "configs"):
        assert isinstance(home.cli_json("providers", what), list), what
    missing = home.cli("providers", "get", "apache-airflow-providers-nothing", ok=False)
    assert missing.returncode == 1 and "No such provider installed" in missing.stderr


def test_templates_are_shown_without_running_anything(home):
    home.dag("both.py", SOURCE)
    home.cli("db", "migrate")
    home.cli("variables", "set", "word", "hello")
    shown = home.cli("tasks", "render", "first", "say", "2024-05-05").stdout
    assert "# property: bash_command" in shown and "echo 2024-05-05 hello" in shown
    assert shown == home.cli("tasks", "test", "first", "say", "2024-05-05", "-n").stdout
    assert home.cli_json("dags", "list") == [], "nothing was written"


def test_dag_files_as_they_are_now(home):
    home.dag("both.py", SOURCE)
    home.dag("broken.py", "from airflow.sdk import DAG\nraise RuntimeError('no dag here')\n")
    assert [dag["dag_id"] for dag in home.cli_json("dags", "list", "--local")] == ["first", "second"]
    (error,) = home.cli_json("dags", "list-import-errors", "--local")
    assert "no dag here" in error["message"]
    home.cli("db", "migrate")
    assert home.cli_json("dags", "list") == []
    home.cli("dags", "reserialize")
    assert [dag["dag_id"] for dag in home.cli_json("dags", "list")] == ["first", "second"]
    graph = home.cli("dags", "show-dependencies").stdout
    assert '"first" -> "second" [label="trigger"]' in graph
    assert '"first" -> "asset:news"' in graph and '"asset:news" -> "second"' in graph
    home.dag("third.py", SOURCE.replace("first", "third").replace("second", "fourth"))
    home.cli("dag-processor", "-n", "1")
    assert len(home.cli_json("dags", "list")) == 4
    wrong = home.cli("tasks", "list", "first", "-B", "elsewhere", ok=False)
    assert wrong.returncode == 1 and "dags-folder" in wrong.stderr


def test_a_run_of_a_trial_is_drawn(home):
    home.dag("both.py", SOURCE.replace("{{ var.value.word }}", "x"))
    saved = home.path / "run.dot"
    done = home.cli("dags", "test", "second", "2024-05-05", "--show-dagrun", "--save-dagrun", str(saved))
    assert '"done" [label="done" style="rounded,filled" fillcolor="lightgreen"]' in done.stdout
    assert "lightgreen" in saved.read_text()


def test_a_connection_is_tried_by_its_hook(home):
    home.env["AIRFLOW__CORE__TEST_CONNECTION"] = "Enabled"
    home.cli("db", "migrate")
    home.cli("connections", "add", "files", "--conn-type", "fs", "--conn-extra", '{"path": "/tmp"}')
    done = home.cli("connections", "test", "files", ok=False)
    # The hook of `fs` comes with the standard provider, which is built in.
    assert done.returncode == 0, done.stderr
    assert "Connection success" in done.stdout
    home.cli("connections", "add", "odd", "--conn-type", "nobody-knows")
    done = home.cli("connections", "test", "odd", ok=False)
    assert done.returncode == 1 and "nobody_knows" in done.stderr
