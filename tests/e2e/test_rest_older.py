"""The APIs of older Airflow: `/api/v1` with the client of Airflow 2, and the experimental API of 1.10."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
import requests
import rest_dags

CLIENT = "apache-airflow-client==2.10.0"
PASSWORD = "a long enough password"

#: Runs where the older client is; the newer one has the same module names.
SCRIPT = """
    import sys
    import airflow_client.client as airflow
    from airflow_client.client.api import (
        config_api, connection_api, dag_api, dag_run_api, dag_stats_api, dataset_api, event_log_api, import_error_api,
        monitoring_api, plugin_api, pool_api, provider_api, task_instance_api, variable_api, x_com_api,
    )
    from airflow_client.client.model.clear_task_instances import ClearTaskInstances
    from airflow_client.client.model.connection import Connection
    from airflow_client.client.model.create_dataset_event import CreateDatasetEvent
    from airflow_client.client.model.dag import DAG
    from airflow_client.client.model.dag_run import DAGRun
    from airflow_client.client.model.list_dag_runs_form import ListDagRunsForm
    from airflow_client.client.model.list_task_instance_form import ListTaskInstanceForm
    from airflow_client.client.model.pool import Pool
    from airflow_client.client.model.set_dag_run_note import SetDagRunNote
    from airflow_client.client.model.set_task_instance_note import SetTaskInstanceNote
    from airflow_client.client.model.update_dag_run_state import UpdateDagRunState
    from airflow_client.client.model.variable import Variable

    url, user, password, run_id = sys.argv[1:]
    client = airflow.ApiClient(airflow.Configuration(host=url + "/api/v1", username=user, password=password))

    monitor = monitoring_api.MonitoringApi(client)
    assert monitor.get_health().metadatabase.status.value == "healthy" and monitor.get_version().version

    dags = dag_api.DAGApi(client)
    assert dags.get_dags(dag_id_pattern="rest").total_entries == 1
    dag = dags.get_dag("rest")
    assert dag.is_active and not dag.is_subdag and {tag.name for tag in dag.tags} == {"a", "b"}
    assert dags.get_dag("daily").schedule_interval.value == "@daily" or dags.get_dag("daily").schedule_interval
    assert dags.get_dag_details("rest").doc_md == "Hello"
    assert dags.patch_dag("gone", DAG(is_paused=True)).is_paused
    assert "class Wiki" in str(dags.get_dag_source(dag.file_token))

    runs = dag_run_api.DAGRunApi(client)
    first = runs.get_dag_run("rest", run_id)
    assert first.state.value == "success" and first.external_trigger and first.execution_date
    made = runs.post_dag_run("rest", DAGRun(dag_run_id="older", conf={"a": 1}))
    assert made.dag_run_id == "older" and made.execution_date
    assert runs.get_dag_runs("rest", order_by="-execution_date").total_entries == 2
    assert runs.get_dag_runs_batch(ListDagRunsForm(dag_ids=["rest"])).total_entries == 2
    assert runs.set_dag_run_note("rest", run_id, SetDagRunNote(note="hello")).note == "hello"
    assert runs.update_dag_run_state("rest", "older", UpdateDagRunState(state="failed")).state.value == "failed"
    runs.delete_dag_run("rest", "older")

    tis = task_instance_api.TaskInstanceApi(client)
    assert tis.get_task_instances("rest", run_id).total_entries == 4
    assert tis.get_task_instance("rest", run_id, "first").execution_date
    assert tis.get_mapped_task_instances("rest", run_id, "double").total_entries == 2
    assert tis.get_mapped_task_instance("rest", run_id, "double", 1).map_index == 1
    assert tis.get_task_instances_batch(ListTaskInstanceForm(dag_ids=["rest"])).total_entries == 4
    assert tis.get_extra_links("rest", run_id, "first")
    assert tis.set_task_instance_note("rest", run_id, "first", SetTaskInstanceNote(note="n")).note == "n"
    log = tis.get_log("rest", run_id, "first", 1, full_content=True)
    assert "the answer is near" in str(log), log
    cleared = dags.post_clear_task_instances("rest", ClearTaskInstances(dry_run=True, dag_run_id=run_id, only_failed=False))
    assert len(cleared.task_instances) == 4

    xcoms = x_com_api.XComApi(client)
    assert xcoms.get_xcom_entries("rest", run_id, "first").total_entries
    assert xcoms.get_xcom_entry("rest", run_id, "first", "return_value").value

    variables = variable_api.VariableApi(client)
    variables.post_variables(Variable(key="a/b", value="1"))
    assert variables.get_variable("a/b").value == "1" and variables.get_variables().total_entries
    variables.delete_variable("a/b")
    connections = connection_api.ConnectionApi(client)
    connections.post_connection(Connection(connection_id="c", conn_type="http", host="h"))
    assert connections.patch_connection("c", Connection(description="d")).host == "h"
    assert connections.get_connections().total_entries
    connections.delete_connection("c")
    pools = pool_api.PoolApi(client)
    pools.post_pool(Pool(name="p", slots=2))
    assert pools.patch_pool("p", Pool(slots=3)).slots == 3 and pools.get_pools().total_entries == 2
    pools.delete_pool("p")

    assert event_log_api.EventLogApi(client).get_event_logs().total_entries
    errors = import_error_api.ImportErrorApi(client)
    assert "broken" in errors.get_import_error(errors.get_import_errors().import_errors[0].import_error_id).stack_trace
    assert config_api.ConfigApi(client).get_config()
    assert dag_stats_api.DagStatsApi(client).get_dag_stats(dag_ids="rest,daily")
    assert plugin_api.PluginApi(client).get_plugins().total_entries == 1
    assert provider_api.ProviderApi(client).get_providers()
    datasets = dataset_api.DatasetApi(client)
    assert datasets.get_dataset("s3://bucket/made").consuming_dags
    assert datasets.get_dataset_events().total_entries >= 1
    assert datasets.create_dataset_event(CreateDatasetEvent(dataset_uri="s3://bucket/made")).dataset_uri
    try:
        dags.get_dag("nothing")
    except airflow.exceptions.NotFoundException as error:
        assert "nothing" in str(error.body)
    else:
        raise AssertionError("a DAG that is not there")
    print("all answered")
"""


@pytest.fixture(scope="module")
def older_client(tmp_path_factory):
    """A folder with the client of Airflow 2."""
    folder = tmp_path_factory.mktemp("client")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, CLIENT]
    subprocess.run(pip, check=True, timeout=300)
    return folder


@pytest.fixture
def server(home):
    """A server whose users log in."""
    home.run_id = rest_dags.start(home)
    home.cli("users", "create", "-u", "ada", "-p", PASSWORD, "-r", "Admin", "-f", "A", "-l", "L", "-e", "a@example.com")
    home.cli("users", "create", "-u", "vi", "-p", PASSWORD, "-r", "Viewer", "-f", "V", "-l", "I", "-e", "v@example.com")
    home.stop_all()
    home.processes.clear()
    home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
    home.standalone()
    return home


def test_older_clients(server, older_client):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), server.url, "ada", PASSWORD, server.run_id],
        env={**os.environ, "PYTHONPATH": str(older_client), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "all answered" in done.stdout, f"{done.stdout}\n{done.stderr[-6000:]}"
    rights(server)
    experimental(server)


def ask(server, method, path, user="ada", password=PASSWORD, **kwargs):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{server.url}/api/{path}", auth=(user, password), timeout=30, **kwargs)


def rights(server):
    """The permission matrix of the newer API counts, and errors have the shape of their time."""
    refused = ask(server, "GET", "v1/dags", password="wrong")
    assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Basic"
    assert refused.headers["content-type"] == "application/problem+json" and refused.json()["status"] == 401
    assert ask(server, "GET", "v1/dags", user="vi").status_code == 200
    assert ask(server, "POST", "v1/dags/rest/dagRuns", user="vi", json={}).status_code == 403
    assert ask(server, "GET", "v1/nothing").status_code == 404
    assert ask(server, "POST", "v1/pools", data="{").status_code == 400
    assert ask(server, "GET", "v1/dags/..%2Fconnections").status_code == 404
    assert requests.get(f"{server.url}/api/v1/dags", timeout=10).status_code == 401


def experimental(server):
    assert ask(server, "GET", "experimental/test").json() == {"status": "OK"}
    body = {"conf": '{"a": 1}', "execution_date": "2024-05-01T00:00:00+00:00", "run_id": "x"}
    made = ask(server, "POST", "experimental/dags/rest/dag_runs", json=body).json()
    assert made["run_id"] == "x" and made["message"].startswith("Created <DagRun rest @ 2024-05-01")
    again = ask(server, "POST", "experimental/dags/rest/dag_runs", json=body)
    assert again.status_code == 409 and "error" in again.json()
    assert {run["run_id"] for run in ask(server, "GET", "experimental/dags/rest/dag_runs").json()} >= {"x"}
    state = ask(server, "GET", "experimental/dags/rest/dag_runs/2024-05-01T00:00:00+00:00").json()["state"]
    assert state in ("queued", "running", "success")
    wait = ask(server, "GET", "experimental/dags/rest/dag_runs/2024-05-01T00:00:00+00:00/tasks/first")
    assert wait.status_code == 404 or wait.json()["task_id"] == "first"
    assert ask(server, "GET", "experimental/dags/rest/tasks/first").json()["task_id"] == "first"
    assert "class Wiki" in ask(server, "GET", "experimental/dags/rest/code").text
    assert ask(server, "GET", "experimental/dags/gone/paused/true").json() == {"response": "ok"}
    assert ask(server, "GET", "experimental/dags/gone/paused").json() == {"is_paused": True}
    assert ask(server, "GET", "experimental/dags/gone/paused/false", user="vi").status_code == 403
    assert "rest" in {item["dag_id"] for item in ask(server, "GET", "experimental/latest_runs").json()["items"]}
    pool = {"name": "old", "slots": 2, "description": "d"}
    assert ask(server, "POST", "experimental/pools", json=pool).json() == {
        "pool": "old",
        "slots": 2,
        "description": "d",
    }
    assert "old" in {pool["pool"] for pool in ask(server, "GET", "experimental/pools").json()}
    assert ask(server, "DELETE", "experimental/pools/old").json()["pool"] == "old"
    assert ask(server, "GET", "experimental/pools/old").status_code == 404
