"""DAG files that tests of the REST API work on, and a server that has run them."""

from __future__ import annotations

from system import Home, wait_for

REST = """
    from datetime import datetime
    from airflow.sdk import DAG, Asset, AssetAlias, BaseOperator, BaseOperatorLink, task, task_group
    from airflow.providers.standard.operators.empty import EmptyOperator

    class Wiki(BaseOperatorLink):
        name = "Wiki"

        def get_link(self, operator, *, ti_key):
            return f"https://wiki.example/{ti_key.task_id}"

    class Linked(BaseOperator):
        operator_extra_links = (Wiki(),)

        def execute(self, context):
            self.log.info("the answer is near")
            return {"answer": 42}

    MADE = Asset("made", uri="s3://bucket/made")

    with DAG("rest", schedule=None, tags=["a", "b"], doc_md="Hello"):
        @task(task_display_name="Double it")
        def double(n):
            return 2 * n

        @task_group
        def group():
            EmptyOperator(task_id="inside")

        Linked(task_id="first", outlets=[MADE]) >> double.expand(n=[1, 2]) >> group()

    with DAG("consumer", schedule=[MADE, Asset("other")]):
        EmptyOperator(task_id="consume", outlets=[AssetAlias("alias")])

    with DAG("daily", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, is_paused_upon_creation=True):
        EmptyOperator(task_id="e")

    with DAG("gone", schedule=None):
        EmptyOperator(task_id="e")
"""

QUESTION = """
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    with DAG("question", schedule=None):
        ApprovalOperator(task_id="approve", subject="Go on?")
"""

PLUGIN = """
    from airflow.plugins_manager import AirflowPlugin

    class Mine(AirflowPlugin):
        name = "mine"
        external_views = [{"name": "Out", "href": "https://example.com", "url_route": "out"}]
"""


def start(home: Home) -> str:
    """Starts everything with these DAGs; answers the id of a run of ``rest`` that has ended."""
    (home.path / "plugins").mkdir()
    (home.path / "plugins" / "mine.py").write_text(__import__("textwrap").dedent(PLUGIN))
    home.dag("rest.py", REST)
    home.dag("question.py", QUESTION)
    home.dag("broken.py", "from airflow.sdk import DAG\nraise ValueError('broken')\n")
    home.env |= {"AIRFLOW__API__EXPOSE_CONFIG": "True", "AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    home.standalone()
    for dag in ("rest", "consumer", "daily", "gone", "question"):
        home.wait_dag(dag)
    wait_for("the import error", lambda: home.get("importErrors")["total_entries"])
    run_id = home.trigger("rest", "first-run")
    home.wait_run("rest", run_id)
    return run_id
