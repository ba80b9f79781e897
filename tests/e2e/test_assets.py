"""Assets through the real binary: a producer's end starts its consumers, natively and from Python."""

from __future__ import annotations

import textwrap

from system import ROOT, wait_for

CONSUMERS = """
    from airflow.sdk import DAG, Asset, AssetAlias, task
    from airflow.providers.standard.operators.empty import EmptyOperator

    with DAG("marks", schedule=None):
        EmptyOperator(task_id="mark", outlets=[Asset("marked")])

    with DAG("after_mark", schedule=[Asset("marked")]):
        EmptyOperator(task_id="done")

    with DAG("gives", schedule=None):
        @task(outlets=[AssetAlias("found")])
        def look(*, outlet_events):
            outlet_events[AssetAlias("found")].add(Asset("s3://bucket/key"), {"size": 5})
        look()

    with DAG("by_alias", schedule=AssetAlias("found")):
        @task(inlets=[AssetAlias("found")])
        def read(*, inlet_events, triggering_asset_events):
            (event,) = triggering_asset_events[Asset("s3://bucket/key")]
            return [event.extra["size"], len(inlet_events[AssetAlias("found")])]
        read()
"""


def runs(home, dag_id):
    return home.get(f"dags/{dag_id}/dagRuns")["dag_runs"]


def first_run(home, dag_id):
    (run,) = wait_for(f"a run of {dag_id}", lambda: runs(home, dag_id), 60)
    return home.wait_run(dag_id, run["dag_run_id"])


def test_the_example_consumes_what_the_producer_made(home):
    home.dag("assets.py", (ROOT / "examples/dags/assets.py").read_text())
    home.standalone()
    home.wait_dag("asset_producer")
    home.wait_dag("asset_consumer")
    produced = wait_for("the daily run", lambda: runs(home, "asset_producer"), 60)[0]["dag_run_id"]
    home.wait_run("asset_producer", produced)
    run = first_run(home, "asset_consumer")
    assert run["run_type"] == "asset_triggered"
    assert run["dag_run_id"].startswith("asset_triggered__")
    assert (run["logical_date"], run["data_interval_start"], run["triggered_by"]) == (None, None, "asset")
    log = home.log("asset_consumer", run["dag_run_id"], "report")
    assert "orders: {'rows': 3} from asset_producer.write_orders" in log
    assert "customers: {} from asset_producer.write_customers" in log

    events = home.get(f"dags/asset_consumer/dagRuns/{run['dag_run_id']}/upstreamAssetEvents")
    assert {(e["name"], e["source_run_id"]) for e in events["asset_events"]} == {
        ("orders", produced),
        ("customers", produced),
    }
    assets = {a["name"]: a for a in home.get("assets")["assets"]}
    assert assets["orders"]["producing_tasks"][0]["task_id"] == "write_orders"
    assert assets["orders"]["scheduled_dags"][0]["dag_id"] == "asset_consumer"

    # One asset by REST waits for the other, which materializes by its DAG.
    home.rest("POST", "assets/events", json={"asset_id": assets["customers"]["id"], "extra": {"by": "hand"}})
    queued = home.get("dags/asset_consumer/assets/queuedEvents")["queued_events"]
    assert [q["asset_id"] for q in queued] == [assets["customers"]["id"]]
    made = home.rest("POST", f"assets/{assets['orders']['id']}/materialize")
    assert (made["dag_id"], made["run_type"]) == ("asset_producer", "asset_materialization")
    wait_for("the second run", lambda: len(runs(home, "asset_consumer")) == 2, 60)
    wait_for("both runs' ends", lambda: all(r["state"] == "success" for r in runs(home, "asset_consumer")), 60)

    listed = home.cli_json("assets", "list")
    assert [(a["name"], a["uri"]) for a in listed] == [
        ("customers", "file:///tmp/customers.csv"),
        ("orders", "file:///tmp/orders.csv"),
    ]
    details = home.cli_json("assets", "details", "--name", "orders")
    assert (details[0] if isinstance(details, list) else details)["group"] == "asset"
    home.cli("assets", "materialize", "--name", "orders")
    wait_for("a third run", lambda: len(runs(home, "asset_consumer")) == 3, 60)


def test_empty_tasks_and_aliases_update_assets(home):
    home.dag("consumers.py", CONSUMERS)
    home.standalone()
    for dag_id in ("marks", "after_mark", "gives", "by_alias"):
        home.wait_dag(dag_id)
    home.trigger("marks")
    first_run(home, "after_mark")
    home.trigger("gives")
    run = first_run(home, "by_alias")
    xcom = home.get(f"dags/by_alias/dagRuns/{run['dag_run_id']}/taskInstances/read/xcomEntries/return_value")
    assert xcom["value"] in ([5, 1], "[5, 1]")


def test_what_a_paused_dag_missed_is_consumed_once_it_goes_on(home):
    home.dag("consumers.py", CONSUMERS)
    home.standalone()
    home.wait_dag("after_mark")
    home.rest("PATCH", "dags/after_mark", json={"is_paused": True})
    for _ in range(3):
        home.wait_run("marks", home.trigger("marks"))
    assert runs(home, "after_mark") == []
    home.rest("PATCH", "dags/after_mark", json={"is_paused": False})
    run = first_run(home, "after_mark")
    events = home.get(f"dags/after_mark/dagRuns/{run['dag_run_id']}/upstreamAssetEvents")
    assert events["total_entries"] == 3


LISTENER = """
    from airflow.listeners import hookimpl
    from airflow.plugins_manager import AirflowPlugin

    def note(*words):
        with open("{heard}", "a") as file:
            print(*words, file=file)

    class Listener:
        @hookimpl
        def on_asset_created(self, asset):
            note("created", asset.name)

        @hookimpl
        def on_asset_alias_created(self, asset_alias):
            note("alias", asset_alias.name)

        @hookimpl
        def on_asset_changed(self, asset):
            note("changed", asset.name)

    class ListenerPlugin(AirflowPlugin):
        name = "listeners"
        listeners = [Listener()]
"""


def test_listeners_hear_of_new_assets_and_of_events_by_rest(home):
    heard = home.path / "heard"
    heard.touch()
    (home.path / "plugins").mkdir()
    (home.path / "plugins/listening.py").write_text(textwrap.dedent(LISTENER.format(heard=heard)))
    home.dag("consumers.py", CONSUMERS)
    home.standalone()
    home.wait_dag("after_mark")
    wait_for(
        "word of what is new", lambda: {"created marked", "alias found"} <= set(heard.read_text().splitlines()), 60
    )
    (asset,) = home.get("assets", name_pattern="marked")["assets"]
    home.rest("POST", "assets/events", json={"asset_id": asset["id"]})
    wait_for("word of the event", lambda: "changed marked" in heard.read_text().splitlines(), 60)
    assert heard.read_text().splitlines().count("created marked") == 1
