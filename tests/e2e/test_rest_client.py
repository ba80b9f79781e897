"""Airflow's own Python client drives every operation of `/api/v2`, and reads what is answered with its own models."""

from __future__ import annotations

import inspect
import json

import airflow_client.client as airflow
import airflow_client.client.api as api
import pytest
import rest_dags
from airflow_client.client.exceptions import ApiException
from system import wait_for


class Client:
    """Every operation of the client by its name; notes which were called with success."""

    def __init__(self, home):
        token = home.http.get(f"{home.url}/auth/token", timeout=10).json()["access_token"]
        self.api = airflow.ApiClient(airflow.Configuration(host=home.url, access_token=token))
        self.operations = {}
        for name, kind in vars(api).items():
            if inspect.isclass(kind) and name.endswith("Api"):
                made = kind(self.api)
                for operation in dir(kind):
                    if not operation.startswith("_") and not operation.endswith(
                        ("_with_http_info", "_preload_content")
                    ):
                        self.operations.setdefault(operation, getattr(made, operation))
        self.called = set()

    def __getattr__(self, name):
        operation = self.operations[name]

        def call(*args, **kwargs):
            answer = operation(*args, **kwargs)
            self.called.add(name)
            return answer

        return call

    def lines(self, name, *args, **kwargs):
        """Calls what the client's own models can't read, wherever it comes from: lines of JSON, ambiguous unions."""
        kind = type(self.operations[name].__self__)
        answer = getattr(kind(self.api), f"{name}_without_preload_content")(*args, **kwargs)
        self.called.add(name)
        return [json.loads(line) for line in answer.data.splitlines()]

    def refused(self, status, name, *args, **kwargs):
        """Calls what has to fail."""
        with pytest.raises(ApiException) as error:
            self.operations[name](*args, **kwargs)
        assert error.value.status == status, error.value
        self.called.add(name)
        return json.loads(error.value.body)["detail"]


def body(model, /, **fields):
    return getattr(airflow, model).from_dict(fields)


@pytest.fixture
def client(home):
    home.run_id = rest_dags.start(home)
    home.client = Client(home)
    return home


def test_every_operation(client):
    c, run_id = client.client, client.run_id
    server(c)
    dags(c)
    runs(client, c, run_id)
    tasks(client, c, run_id)
    questions(client, c)
    assets(client, c)
    backfills(c)
    kept(c)
    c.delete_dag("gone")
    c.refused(404, "get_dag", "gone-for-good")
    missing = set(c.operations) - c.called
    assert not missing, f"never called: {sorted(missing)}"


def server(c):
    assert c.get_version().version and c.get_health().metadatabase.status == "healthy"
    c.get_config(), c.get_config_value("core", "parallelism")
    assert [plugin.name for plugin in c.get_plugins().plugins] == ["mine"]
    assert c.import_errors().total_entries == 0
    providers = c.get_providers()
    assert "apache-airflow-providers-standard" in [one.package_name for one in providers.providers]
    assert c.get_jobs().total_entries and c.get_event_logs().total_entries
    c.get_event_log(c.get_event_logs(limit=1).event_logs[0].event_log_id)
    [error] = c.get_import_errors().import_errors
    assert "broken" in c.get_import_error(error.import_error_id).stack_trace
    c.login(), c.logout()


def dags(c):
    assert c.get_dags(dag_id_pattern="es").total_entries == 2, "a part of the id is enough"
    dag = c.get_dag("rest")
    c.favorite_dag("rest")
    assert [one.dag_id for one in c.get_dags(is_favorite=True).dags] == ["rest"]
    assert c.get_dag_details("rest").is_favorite
    c.unfavorite_dag("rest")
    c.refused(409, "unfavorite_dag", "rest")
    paused = body("DAGPatchBody", is_paused=True)
    assert c.patch_dag("gone", paused).is_paused
    assert c.patch_dags(paused, dag_id_pattern="gone").total_entries == 1
    assert {tag for tag in c.get_dag_tags().tags} == {"a", "b"}
    assert "class Wiki" in str(c.get_dag_source("rest"))
    c.get_dag_stats(dag_ids=["rest"]), c.list_dag_warnings()
    assert c.get_dag_version("rest", c.get_dag_versions("rest").dag_versions[0].version_number)
    c.reparse_dag_file(dag.file_token)
    assert {one.task_id for one in c.get_tasks("rest").tasks} == {"first", "double", "group.inside"}
    assert c.get_task("rest", "first").extra_links == ["Wiki"]
    kinds = ["airflow.timetables.interval.CronDataIntervalTimetable", "airflow.timetables.trigger.CronTriggerTimetable"]
    assert [one.dag_id for one in c.get_dags(timetable_type=kinds, exclude_stale=False).dags] == ["daily"]


def runs(home, c, run_id):
    assert c.get_dag_run("rest", run_id).state == "success"
    trigger = body("TriggerDAGRunPostBody", logical_date=None, dag_run_id="second", conf={"a": 1}, partition_key="p")
    assert c.trigger_dag_run("rest", trigger).partition_key == "p"
    lines = c.lines("wait_dag_run_until_finished", "rest", "second", 0.2, result=["first"])
    assert lines[-1]["state"] == "success" and lines[-1]["results"], lines
    assert c.clear_dag_run_partitions("rest", body("ClearPartitionsBody", partition_key="p")).dag_runs_cleared == 1
    c.clear_dag_run_partitions("rest", body("ClearPartitionsBody", run_id="second", dry_run=False))
    assert c.get_dag_run("rest", "second").partition_key is None
    first = c.get_dag_runs("rest", limit=1, cursor="", order_by=["-run_after"])
    assert first.total_entries == 2 and first.previous_cursor is None
    second = c.get_dag_runs("rest", limit=1, cursor=first.next_cursor, order_by=["-run_after"])
    assert [first.dag_runs[0].dag_run_id, second.dag_runs[0].dag_run_id] == ["second", run_id]
    assert second.next_cursor is None
    back = c.get_dag_runs("rest", limit=1, cursor=second.previous_cursor, order_by=["-run_after"])
    assert back.dag_runs[0].dag_run_id == "second"
    assert c.get_list_dag_runs_batch("~", body("DAGRunsBatchBody", dag_ids=["rest"])).total_entries == 2
    assert c.get_upstream_asset_events("rest", run_id).total_entries == 0
    assert c.patch_dag_run("rest", "second", body("DAGRunPatchBody", note="hello")).note == "hello"
    [dry] = c.lines("clear_dag_run", "rest", "second", body("DAGRunClearBody", dry_run=True))
    assert dry["total_entries"] == 4
    runs = [{"dag_run_id": "second"}]
    [dry] = c.lines("clear_dag_runs", "rest", body("BulkDAGRunClearBody", dry_run=True, dag_runs=runs))
    assert dry["total_entries"] == 4
    c.clear_dag_run("rest", "second", body("DAGRunClearBody", dry_run=False))
    home.wait_run("rest", "second")
    update = {"action": "update", "entities": [{"dag_run_id": "second", "note": "bulk"}]}
    answer = c.bulk_dag_runs("rest", body("BulkBodyBulkDAGRunBody", actions=[update]))
    assert answer.update.success, answer
    c.delete_dag_run("rest", "second")


def tasks(home, c, run_id):
    where = ("rest", run_id)
    assert c.get_task_instances(*where).total_entries == 4
    assert c.get_task_instances(*where, task_display_name_pattern="double").total_entries == 2
    assert c.get_task_instances(*where, task_display_name_prefix_pattern="first").total_entries == 1
    assert c.get_task_instances(*where, task_group_id="group").total_entries == 1
    page = c.get_task_instances("~", "~", cursor="", limit=3, order_by=["start_date"])
    assert len(page.task_instances) == 3 and page.next_cursor
    c.get_task_instances_batch("~", "~", body("TaskInstancesBatchBody", dag_ids=["rest"]))
    assert c.get_task_instance(*where, "first").rendered_fields is not None
    assert c.get_extra_links(*where, "first").extra_links == {"Wiki": "https://wiki.example/first"}
    c.refused(404, "get_extra_links", *where, "first", try_number=9)
    assert c.get_mapped_task_instances(*where, "double").total_entries == 2
    c.get_mapped_task_instance(*where, "double", 1)
    assert c.get_mapped_task_instance_tries(*where, "double", 1).total_entries == 1
    c.get_mapped_task_instance_try_details(*where, "double", 1, 1)
    c.get_task_instance_tries(*where, "first"), c.get_task_instance_try_details(*where, "first", 1)
    (
        c.get_task_instance_dependencies(*where, "first"),
        c.get_task_instance_dependencies_by_map_index(*where, "double", 1),
    )
    assert "the answer is near" in str(c.get_log(*where, "first", 1, full_content=True))
    assert "external logs" in c.refused(400, "get_external_log_url", *where, "first", 1)
    state = body("PatchTaskInstanceBody", new_state="failed")
    c.patch_task_instance_dry_run(*where, "first", state)
    c.patch_task_instance_dry_run_by_map_index(*where, "double", 1, state)
    c.patch_task_group_instances_dry_run(*where, "group", state)
    note = body("PatchTaskInstanceBody", note="hello")
    c.patch_task_instance(*where, "first", note), c.patch_task_instance_by_map_index(*where, "double", 1, note)
    c.patch_task_group_instances(*where, "group", note)
    update = {"action": "update", "entities": [{"task_id": "first", "note": "bulk"}]}
    assert c.bulk_task_instances(*where, body("BulkBodyBulkTaskInstanceBody", actions=[update])).update.success
    c.post_clear_task_instances("rest", body("ClearTaskInstancesBody", dry_run=True, dag_run_id=run_id))
    xcoms(c, where)
    states(c, where)
    assert c.refused(404, "delete_task_instance", *where, "nobody")
    c.delete_task_instance(*where, "group.inside")


def xcoms(c, where):
    dag, run = where
    assert c.get_xcom_entries(*where, "first").total_entries >= 1
    assert c.get_xcom_entry(dag, "first", run, "return_value").actual_instance.value
    c.create_xcom_entry(dag, "first", run, body("XComCreateBody", key="mine", value=[1]))
    c.refused(409, "create_xcom_entry", dag, "first", run, body("XComCreateBody", key="mine", value=[1]))
    c.update_xcom_entry(dag, "first", run, "mine", body("XComUpdateBody", value=[2]))
    c.delete_xcom_entry(dag, "first", run, "mine")


def states(c, where):
    c.set_task_state_store("mark", *where, "first", body("TaskStateStoreBody", value={"n": 1}))
    c.patch_task_state_store("mark", *where, "first", body("TaskStateStorePatchBody", value={"n": 2}))
    c.get_task_state_store("mark", *where, "first"), c.list_task_state_store(*where, "first")
    c.delete_task_state_store("mark", *where, "first"), c.clear_task_state_store(*where, "first")


def questions(home, c):
    home.trigger("question", "q")
    asked = lambda: c.get_hitl_details("question", "q").total_entries  # noqa: E731
    wait_for("the question", asked)
    where = ("question", "q", "approve", -1)
    assert c.get_hitl_detail(*where).subject == "Go on?"
    c.update_hitl_detail(*where, body("UpdateHITLDetailPayload", chosen_options=["Approve"]))
    home.wait_run("question", "q")
    c.get_hitl_detail_try_detail(*where, 1)


def assets(home, c):
    [made] = c.get_assets(name_pattern="made").assets
    [other] = c.get_assets(name_pattern="other").assets
    assert c.get_asset(made.id).uri == "s3://bucket/made"
    [alias] = c.get_asset_aliases().asset_aliases
    c.get_asset_alias(alias.id)
    assert c.get_asset_events(asset_id=made.id).total_entries >= 1
    c.create_asset_event(body("CreateAssetEventsBody", asset_id=made.id, extra={"by": "hand"}))
    c.get_asset_queued_events(made.id), c.get_dag_asset_queued_events("consumer")
    assert c.get_dag_asset_queued_event("consumer", made.id).asset_id == made.id
    c.delete_dag_asset_queued_event("consumer", made.id)
    for delete in (lambda: c.delete_asset_queued_events(made.id), lambda: c.delete_dag_asset_queued_events("consumer")):
        c.create_asset_event(body("CreateAssetEventsBody", asset_id=made.id))
        delete()
    materialized = c.materialize_asset(made.id)
    home.wait_run("rest", materialized.dag_run_id)
    c.set_asset_state_store("mark", made.id, body("AssetStateStoreBody", value=1))
    c.get_asset_state_store("mark", made.id), c.list_asset_state_store(made.id)
    c.delete_asset_state_store("mark", made.id), c.clear_asset_state_store(other.id)


def backfills(c):
    span = {"dag_id": "daily", "from_date": "2024-01-01T00:00:00Z", "to_date": "2024-01-03T00:00:00Z"}
    wanted = body("BackfillPostBody", **span, max_active_runs=1)
    assert c.create_backfill_dry_run(wanted).total_entries == 3
    made = c.create_backfill(wanted)
    c.pause_backfill(made.id), c.unpause_backfill(made.id), c.get_backfill(made.id)
    assert c.list_backfills("daily").total_entries == 1
    assert c.cancel_backfill(made.id).completed_at


def kept(c):
    connection = {"connection_id": "c", "conn_type": "fs", "extra": '{"path": "/tmp"}'}
    c.post_connection(body("ConnectionBody", **connection)), c.get_connection("c"), c.get_connections()
    c.patch_connection("c", body("ConnectionBody", **connection, description="d"))
    create = {"action": "create", "entities": [{"connection_id": "c2", "conn_type": "http"}]}
    assert c.bulk_connections(body("BulkBodyConnectionBody", actions=[create])).create.success == ["c2"]
    tested = c.test_connection(body("ConnectionBody", **connection))
    assert tested.status and "/tmp" in tested.message, tested
    queued = c.enqueue_connection_test(body("ConnectionTestRequestBody", **connection))
    look = lambda: (t := c.get_connection_test(queued.token)) and t.state in ("success", "failed") and t  # noqa: E731
    assert wait_for("the test of a connection", look).state == "success"
    c.create_default_connections()
    assert c.get_connection("aws_default").conn_type == "aws"
    c.delete_connection("c")
    variable = body("VariableBody", key="v", value="1")
    c.post_variable(variable), c.get_variable("v"), c.get_variables(), c.patch_variable("v", variable)
    create = {"action": "create", "entities": [{"key": "w", "value": "2"}]}
    assert c.bulk_variables(body("BulkBodyVariableBody", actions=[create])).create.success == ["w"]
    c.delete_variable("v")
    pool = body("PoolBody", name="p", slots=2)
    c.post_pool(pool), c.get_pool("p"), c.get_pools(), c.patch_pool("p", body("PoolPatchBody", slots=3))
    create = {"action": "create", "entities": [{"name": "q", "slots": 1}]}
    assert c.bulk_pools(body("BulkBodyPoolBody", actions=[create])).create.success == ["q"]
    c.delete_pool("p")
