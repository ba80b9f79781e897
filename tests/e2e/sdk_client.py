"""Plays the tasks of DAG `sdk` with the client of Airflow's task SDK, and asks everything that it can ask.

Arguments: the server, a worker's token, the secret of tokens, the run. Runs in the SDK's environment.
"""

from __future__ import annotations

import datetime as dt
import inspect
import json
import os
import sys
import time
import uuid

import httpx
import jwt
from airflow.sdk.api import client as api
from airflow.sdk.api.client import Client, ServerResponseError
from airflow.sdk.api.datamodels._generated import AssetProfile
from airflow.sdk.exceptions import ErrorType, TaskAlreadyRunningError
from airflow.sdk.execution_time.comms import AwaitInputTask, DeferTask, RescheduleTask, SkipDownstreamTasks
from airflow.sdk.serde import deserialize, serialize
from sdk_claims import Claims

url, worker, secret, run_id = sys.argv[1:]
claims = Claims(url, worker)
rest = httpx.Client(base_url=f"{url}/api/v2/", timeout=60, trust_env=False)
rest.headers["authorization"] = "Bearer " + httpx.get(f"{url}/auth/token", trust_env=False).json()["access_token"]
PID = os.getpid()
NOT_SERVED = {
    ("ConnectionTestOperations", "get_connection"),
    ("ConnectionTestOperations", "update_state"),
    ("HITLOperations", "update_response"),
}
operations, called = set(), set()


def note(kind, name, operation):
    """Remembers that an operation exists, and later that it was called with success."""
    operations.add((kind.__name__, name))

    def noted(*args, **kwargs):
        answer = operation(*args, **kwargs)
        called.add((kind.__name__, name))
        return answer

    setattr(kind, name, noted)


for kind in list(vars(api).values()):
    if inspect.isclass(kind) and kind.__name__.endswith("Operations"):
        for name, operation in list(vars(kind).items()):
            if inspect.isfunction(operation) and not name.startswith("_"):
                note(kind, name, operation)


def now():
    return dt.datetime.now(dt.timezone.utc)


def client_of(token):
    return Client(base_url=f"{url}/execution/", token=token)


def signed_again(token, **changes):
    """A token like that one, with other claims."""
    claims = jwt.decode(token, secret, ["HS256"], options={"verify_aud": False})
    return jwt.encode(claims | changes, secret, "HS256")


def begin(task_id, map_index=-1, try_number=1):
    """Starts a try as a supervisor does."""
    workload = claims.next(task_id, map_index, try_number)
    client, ti_id = client_of(workload["token"]), uuid.UUID(workload["try_id"])
    return client, ti_id, client.task_instances.start(ti_id, PID, now())


def succeed(client, ti_id, outlets=(), events=()):
    client.task_instances.succeed(ti_id, now(), list(outlets), list(events), None)


def refused(status, operation, *args, **kwargs):
    """What the server says about something that it refuses."""
    try:
        answer = operation(*args, **kwargs)
    except ServerResponseError as error:
        assert error.response.status_code == status, (error.response.status_code, error.response.text)
        return error.response.json()["detail"]
    raise AssertionError(f"answered with {answer}")


def starting(client, ti_id, context):
    run = context.dag_run
    assert (run.dag_id, run.run_id, run.run_type, run.state) == ("sdk", run_id, "manual", "running")
    assert (run.conf, run.consumed_asset_events, run.logical_date, run.clear_number) == ({}, [], None, 0)
    assert run.start_date and run.run_after and run.end_date is None
    assert (context.max_tries, context.should_retry, context.task_reschedule_count) == (0, False, 0)
    assert (context.next_method, context.next_kwargs, context.xcom_keys_to_clear) == (None, None, [])
    ti = client.task_instances
    assert ti.start(ti_id, PID, now()).dag_run == run, "a request that comes again is answered again"
    try:
        ti.start(ti_id, PID + 1, now())
        raise AssertionError("two processes run one try")
    except TaskAlreadyRunningError:
        pass
    ti.heartbeat(ti_id, PID)
    elsewhere = refused(409, ti.heartbeat, ti_id, PID + 1)
    assert (elsewhere["reason"], elsewhere["current_pid"]) == ("running_elsewhere", PID)
    ti.set_rtif(ti_id, {"text": "rendered"})
    ti.set_rendered_map_index(ti_id, "label")
    assert refused(422, ti.set_rendered_map_index, ti_id, "")
    assert ti.validate_inlets_and_outlets(ti_id).inactive_assets == []
    assert ti.get_reschedule_start_date(ti_id).start_date is None


def keys_and_values(client, ti_id):
    variables, connections = client.variables, client.connections
    assert variables.get("greeting").value == "hello"
    assert variables.get("none").error == ErrorType.VARIABLE_NOT_FOUND
    for key in ("one", "with/slash"):
        variables.set(key, "x", "for people")
        assert variables.get(key).value == "x"
    keys = variables.keys(limit=2)
    assert (keys.keys, keys.total_entries) == (["greeting", "one"], 3)
    assert variables.keys(prefix="with").keys == ["with/slash"]
    assert refused(422, variables.keys, limit=0)
    variables.delete("with/slash")
    assert variables.get("with/slash").error == ErrorType.VARIABLE_NOT_FOUND
    there = connections.get("there")
    assert (there.conn_type, there.host, there.port, there.login) == ("http", "example.com", 8080, "me")
    assert (there.password, json.loads(there.extra)) == ("secret", {"x": "1"})
    assert connections.get("none").error == ErrorType.CONNECTION_NOT_FOUND

    mine = ("sdk", run_id, "talk")
    xcoms = client.xcoms
    value = serialize({"pair": (1, 2), "at": now().replace(microsecond=0)})
    for key in ("k", "with/slash", "slice", "item/1/x"):
        xcoms.set(*mine, key, value)
        found = xcoms.get(*mine, key)
        assert (found.key, found.value) == (key, value), found
    assert deserialize(xcoms.get(*mine, "k").value)["pair"] == (1, 2)
    xcoms.set(*mine, "nothing", None)
    assert xcoms.get(*mine, "nothing").value is None
    assert xcoms.head(*mine, "k").len == 1
    assert xcoms.get_sequence_item(*mine, "k", -1).root == value
    assert xcoms.get_sequence_item(*mine, "k", 1).error == ErrorType.XCOM_NOT_FOUND
    assert xcoms.get_sequence_slice(*mine, "k", None, None, None).root == [value]
    assert xcoms.get_sequence_slice(*mine, "none", None, None, None, include_prior_dates=True).root == []
    xcoms.delete(*mine, "k")
    assert xcoms.get(*mine, "k").value is None and xcoms.head(*mine, "k").len == 0
    assert refused(403, xcoms.set, "sdk", run_id, "fails", "k", 1)["reason"] == "access_denied"
    xcoms.set(*mine, "return_value", ["x", "y"], dag_result=True, mapped_length=2)


def wait_run(client, of_child):
    """Until a run of DAG `child` has ended."""
    deadline = time.monotonic() + 60
    while client.dag_runs.get_state("child", of_child).state != "success":
        assert time.monotonic() < deadline, f"run {of_child} does not end"
        time.sleep(0.1)


def dags_and_runs(client, ti_id):
    dag = client.dags.get("sdk")
    assert (dag.is_paused, dag.tags, dag.relative_fileloc, dag.next_dagrun) == (False, ["a", "b"], "client.py", None)
    assert refused(404, client.dags.get, "none")["reason"] == "not_found"
    runs = client.dag_runs
    assert runs.trigger("child", "c1", conf={"a": 1}, note="n").ok
    assert runs.trigger("child", "c1").error == ErrorType.DAGRUN_ALREADY_EXISTS
    assert runs.trigger("child", "c1", reset_dag_run=True).ok
    assert refused(404, runs.trigger, "none", "x")["reason"] == "not_found"
    child = runs.get_detail("child", "c1")
    assert (child.conf, child.note, child.run_type) == ({"a": 1}, "n", "operator_triggered")
    assert refused(404, runs.get_detail, "child", "none")["reason"] == "not_found"
    assert refused(404, runs.clear, "child", "none")["reason"] == "not_found"
    wait_run(client, "c1")
    assert runs.get_count("child", run_ids=["c1"], states=["success"]).count == 1
    assert runs.get_count("child", logical_dates=[now()]).count == 0
    date = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
    assert runs.trigger("child", "dated", logical_date=date).ok
    wait_run(client, "dated")
    assert runs.get_previous("child", now()).dag_run.run_id == "dated"
    assert runs.get_previous("child", date).dag_run is None
    ti = client.task_instances
    assert ti.get_count("child", run_ids=["c1"]).count == 1
    assert ti.get_count("child", run_ids=["c1"], states=["success"], task_ids=["only"]).count == 1
    assert ti.get_count("sdk", run_ids=[run_id], task_ids=["talk"], states=["running"], map_index=-1).count == 1
    assert ti.get_count("child", logical_dates=[now()]).count == 0
    assert refused(404, ti.get_count, "sdk", task_group_id="none")["reason"] == "not_found"
    assert ti.get_task_states("child", run_ids=["c1"]).task_states == {"c1": {"only": "success"}}
    assert ti.get_task_states("child", logical_dates=[now()]).task_states == {}
    (crumb,) = ti.get_task_breakcrumbs("child", "c1").breadcrumbs
    assert (crumb["task_id"], crumb["state"], crumb["operator"]) == ("only", "success", "EmptyOperator")
    before = ti.get_previous("child", "only", logical_date=now()).task_instance
    assert (before.run_id, before.logical_date) == ("dated", date)
    assert ti.get_previous("child", "only", logical_date=date, state="success").task_instance is None
    assert ti.get_previous_successful_dagrun(ti_id).start_date is None


def assets_and_states(client, ti_id):
    for made in (client.assets.get(name="made"), client.assets.get(uri="s3://bucket/made")):
        assert (made.name, made.uri, made.group, made.extra) == ("made", "s3://bucket/made", "asset", {"owner": "us"})
    assert client.assets.get(name="none").error == ErrorType.ASSET_NOT_FOUND
    assert client.assets.get_by_alias("also").assets == []
    mine = client.task_state_store
    mine.set(ti_id, "a/b", {"x": [1]}, None)
    mine.set(ti_id, "c", 2, now() + dt.timedelta(days=1))
    assert (mine.get(ti_id, "a/b").value, mine.get(ti_id, "c").value) == ({"x": [1]}, 2)
    mine.delete(ti_id, "c")
    assert mine.get(ti_id, "c").error == ErrorType.TASK_STORE_NOT_FOUND
    mine.clear(ti_id)
    assert mine.get(ti_id, "a/b").error == ErrorType.TASK_STORE_NOT_FOUND
    theirs = client.asset_state_store
    for named in ({"name": "made"}, {"uri": "s3://bucket/made"}):
        theirs.set("mark", 5, **named)
        assert theirs.get("mark", **named).value == 5
        theirs.delete("mark", **named)
        assert theirs.get("mark", **named).error == ErrorType.ASSET_STORE_NOT_FOUND
        theirs.set("mark", 6, **named)
        theirs.clear(**named)
        assert theirs.get("mark", **named).error == ErrorType.ASSET_STORE_NOT_FOUND


def versions_and_tokens(client, ti_id):
    path = f"dag-runs/sdk/{run_id}"
    asked = lambda version: client.get(path, headers={"airflow-api-version": version})  # noqa: E731
    newest = client.get(path)
    assert (newest.headers["airflow-api-version"], "team_name" in newest.json()) == ("2026-06-30", True)
    older = asked("2025-04-28")
    assert older.headers["airflow-api-version"] == "2025-04-28" and "state" not in older.json()
    assert asked("2030-01-01").json() == newest.json(), "as Airflow does, a version to come is the newest one"
    assert refused(404, asked, "2024-01-01") == "Not Found"
    assert refused(422, asked, "newest")[0]["loc"] == ["header", "Airflow-API-Version"]
    assert refused(404, client.get, "nothing") == "Not Found"
    stamp = int(time.time())
    token = signed_again(client.auth.token, iat=stamp - 100, exp=stamp + 25)
    short = client_of(token)
    short.task_instances.heartbeat(ti_id, PID)
    assert short.auth.token != token, "a token that ends soon is renewed"
    short.task_instances.heartbeat(ti_id, PID)
    for wrong in ("", "nonsense", worker):
        refused(403 if wrong else 401, client_of(wrong).variables.keys)
    other = uuid.UUID(claims.found.setdefault("kept", claims.next("fails"))["try_id"])
    ti = client.task_instances
    for foreign in (refused(403, ti.heartbeat, other, PID), refused(403, ti.start, other, PID, now())):
        assert foreign == "Token subject does not match task instance ID"
    assert refused(409, client_of(claims.found["kept"]["token"]).task_instances.heartbeat, other, PID)
    unused = client_of(claims.found["kept"]["token"])
    assert unused.connections.get("there").error == ErrorType.PERMISSION_DENIED, "secrets are for tries that run"


def talk():
    client, ti_id, context = begin("talk")
    starting(client, ti_id, context)
    keys_and_values(client, ti_id)
    dags_and_runs(client, ti_id)
    assets_and_states(client, ti_id)
    versions_and_tokens(client, ti_id)
    made = {"name": "made", "uri": "s3://bucket/made"}
    events = [
        {"dest_asset_key": made, "extra": {"rows": 1}},
        {
            "source_alias_name": "also",
            "dest_asset_key": {"name": "also-made", "uri": "s3://also-made"},
            "dest_asset_extra": {},
            "extra": {"by": "alias"},
        },
    ]
    outlets = [AssetProfile(**made, type="Asset"), AssetProfile(name="also", type="AssetAlias")]
    succeed(client, ti_id, outlets, events)
    succeed(client, ti_id)  # once more is no error
    ti = client.task_instances
    late = refused(409, ti.finish, ti_id, "failed", now(), None)
    assert (late["reason"], late["previous_state"]) == ("invalid_state", "success")
    assert refused(409, ti.heartbeat, ti_id, PID)["reason"] == "not_running"
    assert refused(410, ti.set_rtif, ti_id, {})
    assert client.variables.get("greeting").value == "hello", "callbacks run after the report"
    assert [asset.name for asset in client.assets.get_by_alias("also").assets] == ["also-made"]
    return client


def consumer(client):
    sees, ti_id, context = begin("sees")
    (event,) = context.dag_run.consumed_asset_events
    assert (context.dag_run.run_type, event.asset.name, event.extra) == ("asset_triggered", "made", {"rows": 1})
    assert (event.source_task_id, event.source_run_id, event.asset.extra) == ("talk", run_id, {"owner": "us"})
    succeed(sees, ti_id)
    (seen,) = sees.asset_events.get(name="made", uri=None, after=now() - dt.timedelta(hours=1), limit=5).asset_events
    (created,) = seen.created_dagruns
    assert (seen.extra, seen.asset.group, created.dag_id) == ({"rows": 1}, "asset", "consumer")
    assert len(sees.asset_events.get(alias_name="also").asset_events) == 1
    assert sees.asset_events.get(uri="s3://bucket/made", before=now() - dt.timedelta(hours=1)).asset_events == []


def mapped():
    for index in (0, 1):
        client, ti_id, _ = begin("each", index)
        client.xcoms.set("sdk", run_id, "each", "n", index, map_index=index)
        items = [client.xcoms.get("sdk", run_id, "talk", "return_value").value[index]]
        assert items == [["x", "y"][index]]
        if index == 0:
            succeed(client, ti_id)
    assert client.xcoms.head("sdk", run_id, "each", "n").len == 2
    assert client.xcoms.get_sequence_slice("sdk", run_id, "each", "n", None, None, -1).root == [1, 0]
    client.task_instances.finish(ti_id, "skipped", now(), "label")


def again():
    client, old, context = begin("again")
    assert (context.should_retry, context.max_tries) == (True, 1)
    client.xcoms.set("sdk", run_id, "again", "left", 1)
    client.task_instances.retry(old, now(), None, retry_delay_seconds=0.0, retry_reason="why")
    client, ti_id, context = begin("again", try_number=2)
    assert (context.should_retry, ti_id != old) == (False, True)
    stale = client_of(signed_again(client.auth.token, sub=str(old)))
    assert refused(410, stale.task_instances.heartbeat, old, PID)["reason"] == "not_found"
    assert refused(410, stale.task_instances.set_rtif, old, {})["reason"] == "not_found"
    assert refused(404, stale.task_instances.start, old, PID, now())["reason"] == "not_found"
    succeed(client, ti_id)


def waits():
    client, first, context = begin("waits")
    kwargs = serialize({"moment": now() + dt.timedelta(seconds=1), "end_from_trigger": False})
    path = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
    client.xcoms.set("sdk", run_id, "waits", "kept", 1)
    client.task_instances.defer(
        first,
        DeferTask(
            classpath=path,
            trigger_kwargs=kwargs,
            trigger_timeout=dt.timedelta(minutes=2),
            next_method="go",
            next_kwargs=serialize({"pair": (1, 2)}),
        ),
    )
    client, ti_id, context = begin("waits")
    assert (ti_id, context.next_method, context.xcom_keys_to_clear) == (first, "go", [])
    kwargs = deserialize(context.next_kwargs)
    assert kwargs["pair"] == (1, 2) and isinstance(kwargs["event"], dt.datetime), kwargs
    assert context.start_date and context.start_date < now() - dt.timedelta(seconds=0.9)
    assert client.xcoms.get("sdk", run_id, "waits", "kept").value == 1
    succeed(client, ti_id)


def pokes():
    client, first, _ = begin("pokes")
    client.task_instances.reschedule(first, RescheduleTask(reschedule_date=now(), end_date=now()))
    client, ti_id, context = begin("pokes")
    assert (ti_id, context.task_reschedule_count) == (first, 1)
    assert client.task_instances.get_reschedule_start_date(ti_id).start_date < now()
    succeed(client, ti_id)


def asks():
    client, first, _ = begin("asks")
    asked = client.hitl.add_response(ti_id=first, options=["yes", "no"], subject="Well?", body="Say", params={})
    assert (asked.subject, asked.multiple) == ("Well?", False)
    assert client.hitl.get_detail_response(first).response_received is False
    client.task_instances.await_input(first, AwaitInputTask(next_method="execute_complete", next_kwargs={}))
    answer = rest.patch(
        f"dags/sdk/dagRuns/{run_id}/taskInstances/asks/-1/hitlDetails", json={"chosen_options": ["yes"]}
    )
    assert answer.is_success, answer.text
    client, ti_id, context = begin("asks")
    event = deserialize(context.next_kwargs)["event"]
    assert (context.next_method, event["chosen_options"]) == ("execute_complete", ["yes"])
    detail = client.hitl.get_detail_response(ti_id)
    assert detail.response_received and detail.chosen_options == ["yes"] and detail.responded_by_user
    try:
        client.hitl.update_response(ti_id=ti_id, chosen_options=["no"], params_input={})
        raise AssertionError("a task answers its own question")
    except ServerResponseError as error:
        assert error.response.status_code == 405
    succeed(client, ti_id)


def cleared():
    client, ti_id, _ = begin("cleared")
    body = {"task_ids": ["cleared"], "dag_run_id": run_id, "dry_run": False, "only_failed": False}
    answer = rest.post("dags/sdk/clearTaskInstances", json=body)
    assert answer.is_success, answer.text
    over = refused(409, client.task_instances.heartbeat, ti_id, PID)
    assert (over["reason"], over["current_state"]) == ("not_running", "restarting")
    # The supervisor ends its process then, and reports nothing.
    client, ti_id, _ = begin("cleared", try_number=2)
    succeed(client, ti_id)


def fails():
    workload = claims.found.pop("kept")
    client, ti_id = client_of(workload["token"]), uuid.UUID(workload["try_id"])
    client.task_instances.start(ti_id, PID, now())
    client.task_instances.finish(ti_id, "failed", now(), None)


def chooses():
    client, ti_id, _ = begin("chooses")
    client.task_instances.skip_downstream_tasks(ti_id, SkipDownstreamTasks(tasks=["left", ("none", 3)]))
    succeed(client, ti_id)


consumer(talk())
for play in (mapped, again, waits, pokes, asks, cleared, chooses, fails):
    play()
assert operations - called == NOT_SERVED, operations - called
print(len(called), "operations")
