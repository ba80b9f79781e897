//! `/dag-runs`: look at runs, count them, trigger and clear one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_core::{RunState, Timestamp};
use tradewind_protocol::TaskCall;

use super::asking::Asking;
use super::failure::failure;
use super::ti_queries::{instants, required};
use super::version::Version;
use crate::http::error::ApiResult;
use crate::http::{ApiError, Body, Params};
use crate::routes::Routes;
use crate::state::App;

const ONE: &str = "/execution/dag-runs/{dag_id}/{run_id}";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(ONE, get)
        .post(ONE, trigger)
        .post("/execution/dag-runs/{dag_id}/{run_id}/clear", clear)
        .get("/execution/dag-runs/{dag_id}/{run_id}/state", state)
        .get("/execution/dag-runs/count", count)
        .get("/execution/dag-runs/previous", previous)
}

/// A run in this API's shape, from the task API's.
pub fn shape(run: &Value) -> Value {
    json!({
        "dag_id": run["dag_id"], "run_id": run["run_id"], "logical_date": run["logical_date"],
        "data_interval_start": run["data_interval_start"], "data_interval_end": run["data_interval_end"],
        "run_after": run["run_after"], "start_date": run["start_date"], "end_date": run["end_date"],
        "clear_number": run["clear_number"], "run_type": run["run_type"], "state": run["state"], "conf": run["conf"],
        "triggering_user_name": run["triggering_user"], "consumed_asset_events": [],
        "partition_key": run["partition_key"], "partition_date": run["partition_date"], "note": run["note"],
        "team_name": null,
    })
}

/// Events that a run consumed, in this API's shape.
pub fn consumed(events: &Value) -> Value {
    let shape = |event: &Value| {
        let aliases = event["source_aliases"].as_array().into_iter().flatten().map(|name| json!({"name": name}));
        json!({
            "asset": {
                "name": event["asset"]["name"], "uri": event["asset"]["uri"], "extra": event["asset"]["extra"],
            },
            "extra": event["extra"], "source_task_id": event["source_task_id"],
            "source_dag_id": event["source_dag_id"], "source_run_id": event["source_run_id"],
            "source_map_index": event["source_map_index"], "source_aliases": aliases.collect::<Vec<_>>(),
            "timestamp": event["timestamp"], "partition_key": event["partition_key"],
        })
    };
    events.as_array().into_iter().flatten().map(shape).collect()
}

async fn get(
    State(app): State<App>,
    asking: Asking,
    version: Version,
    Path((dag_id, run_id)): Path<(String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    if run_id == "previous" && version.is_before("2026-04-06") {
        return before(&app, &asking, &version, dag_id, &params).await;
    }
    let mut run = shape(&asking.ask(&app, TaskCall::RunGet { dag_id: Some(dag_id), run_id }).await?);
    version.fit_run(&mut run);
    Ok(Json(run))
}

async fn state(
    State(app): State<App>,
    asking: Asking,
    Path((dag_id, run_id)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let run = asking.ask(&app, TaskCall::RunGet { dag_id: Some(dag_id), run_id }).await?;
    Ok(Json(json!({"state": run["state"]})))
}

async fn count(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<Value>> {
    let call = TaskCall::RunCount {
        dag_id: Some(required(&params, "dag_id")?),
        logical_dates: instants(&params, "logical_dates")?,
        run_ids: params.list("run_ids"),
        states: params.names::<RunState>("states")?,
    };
    Ok(Json(asking.ask(&app, call).await?))
}

async fn previous(State(app): State<App>, asking: Asking, version: Version, params: Params) -> ApiResult<Json<Value>> {
    let dag_id = required(&params, "dag_id")?;
    before(&app, &asking, &version, dag_id, &params).await
}

async fn before(
    app: &App,
    asking: &Asking,
    version: &Version,
    dag_id: String,
    params: &Params,
) -> ApiResult<Json<Value>> {
    required(params, "logical_date")?;
    let call = TaskCall::PreviousRun {
        dag_id: Some(dag_id),
        before: params.instant("logical_date")?,
        state: params.name::<RunState>("state")?,
    };
    let run = asking.ask(app, call).await?;
    if run.is_null() {
        return Ok(Json(Value::Null));
    }
    let mut run = shape(&run);
    version.fit_run(&mut run);
    Ok(Json(run))
}

/// What to trigger. Whether an existing run is to be cleared instead, clients ask for by a request of its own.
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    logical_date: Option<Timestamp>,
    #[serde(default)]
    run_after: Option<Timestamp>,
    #[serde(default)]
    conf: Value,
    #[serde(default)]
    partition_key: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

async fn trigger(
    State(app): State<App>,
    asking: Asking,
    Path((dag_id, run_id)): Path<(String, String)>,
    Body(payload): Body<Payload>,
) -> ApiResult<StatusCode> {
    if payload.partition_key.is_some() {
        let message = "a task can't trigger a run of a partition: leave partition_key out";
        return Err(failure(StatusCode::BAD_REQUEST, "not_partitioned", message));
    }
    let found = app.store.find_dag(&dag_id).await?;
    if found.is_some_and(|dag| dag.has_import_errors && !dag.is_stale) {
        let message = format!("Dag with dag_id '{dag_id}' has import errors and cannot be triggered");
        return Err(failure(StatusCode::BAD_REQUEST, "import_errors", message));
    }
    let call = TaskCall::RunTrigger {
        dag_id,
        run_id: Some(run_id),
        logical_date: payload.logical_date,
        run_after: payload.run_after,
        conf: payload.conf,
        reset: false,
        note: payload.note,
    };
    asking.ask(&app, call).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear(
    State(app): State<App>,
    asking: Asking,
    Path((dag_id, run_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    asking.ask(&app, TaskCall::RunGet { dag_id: Some(dag_id.clone()), run_id: run_id.clone() }).await?;
    app.task_api.run_again(&dag_id, &run_id).await.map_err(ApiError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
