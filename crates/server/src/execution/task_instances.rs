//! `/task-instances/{task_instance_id}/…`: what a supervisor does about its own try.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tradewind_core::asset::AssetExpr;
use tradewind_core::{RunState, TaskState, Timestamp};
use tradewind_protocol::task_api::Heartbeat;
use tradewind_protocol::{SerializedDag, TaskApi, TaskCall};
use tradewind_store::read::{OrderBy, Page, TI_COLUMNS, TiFilter};

use super::asking::{Asking, Own};
use super::failure::failure;
use super::standing::{Standing, dismiss, same_process};
use super::{finish, start};
use crate::clock::now;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .patch("/execution/task-instances/{task_instance_id}/run", start::run)
        .patch("/execution/task-instances/{task_instance_id}/state", finish::update)
        .patch("/execution/task-instances/{task_instance_id}/skip-downstream", skip_downstream)
        .put("/execution/task-instances/{task_instance_id}/heartbeat", heartbeat)
        .put("/execution/task-instances/{task_instance_id}/rtif", rendered)
        .patch("/execution/task-instances/{task_instance_id}/rendered-map-index", rendered_map_index)
        .get("/execution/task-instances/{task_instance_id}/previous-successful-dagrun", previous_success)
        .get("/execution/task-instances/{task_instance_id}/validate-inlets-and-outlets", inactive_assets)
        .get("/execution/task-reschedules/{task_instance_id}/start_date", first_start)
}

#[derive(Deserialize)]
struct Alive {
    hostname: String,
    pid: u32,
}

async fn heartbeat(State(app): State<App>, Own(id): Own, Body(alive): Body<Alive>) -> ApiResult<StatusCode> {
    let row = Standing::of(&app, id).await?.row_or_gone()?;
    if !same_process(&row, &alive.hostname, alive.pid) {
        return Err(ApiError {
            status: StatusCode::CONFLICT,
            detail: json!({
                "reason": "running_elsewhere", "message": "TI is already running elsewhere",
                "current_hostname": row.hostname, "current_pid": row.pid,
            }),
        });
    }
    let over = |state: Option<TaskState>| ApiError {
        status: StatusCode::CONFLICT,
        detail: json!({
            "reason": "not_running", "message": "TI is no longer in the running state and task should terminate",
            "current_state": state,
        }),
    };
    let Some(worker_id) = row.worker_id.filter(|_| row.state == Some(TaskState::Running)) else {
        // It ends its process now and says no more: whoever waits for that need not wait for its silence.
        dismiss(&app, row.worker_id).await;
        return Err(over(row.state));
    };
    let reply = app.task_api.heartbeat(Heartbeat { worker_id, tries: vec![id], status: None }).await?;
    if reply.terminate.contains(&id) {
        return Err(over(Standing::of(&app, id).await?.row_or_gone()?.state));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn rendered(
    State(app): State<App>,
    Own(id): Own,
    Body(fields): Body<Map<String, Value>>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let row = Standing::of(&app, id).await?.row_or_gone()?;
    if row.state != Some(TaskState::Running) {
        // The SDK sends them once more after the end, and goes on when it hears this.
        let message = "the try is over: its fields stay as they were";
        return Err(failure(StatusCode::GONE, "not_running", message));
    }
    app.task_api.rendered("", id, fields).await?;
    Ok((StatusCode::CREATED, Json(json!({"message": "Rendered task instance fields successfully set"}))))
}

async fn rendered_map_index(State(app): State<App>, Own(id): Own, Body(text): Body<String>) -> ApiResult<StatusCode> {
    if text.is_empty() {
        return Err(ApiError::unprocessable("rendered_map_index cannot be empty"));
    }
    Standing::of(&app, id).await?.row()?;
    app.task_api.call("", id, TaskCall::RenderedMapIndex { text }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Names a task, or one index of a mapped task.
#[derive(Deserialize)]
#[serde(untagged)]
enum Skipped {
    Task(String),
    Index(String, i32),
}

#[derive(Deserialize)]
struct Skips {
    tasks: Vec<Skipped>,
}

async fn skip_downstream(State(app): State<App>, asking: Asking, Body(skips): Body<Skips>) -> ApiResult<StatusCode> {
    let named: Vec<(String, i32)> = skips
        .tasks
        .into_iter()
        .map(|task| match task {
            Skipped::Task(task_id) => (task_id, -1),
            Skipped::Index(task_id, map_index) => (task_id, map_index),
        })
        .collect();
    if named.is_empty() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let by = TiFilter {
        run_keys: vec![asking.caller.run_key],
        task_ids: named.iter().map(|(task_id, _)| task_id.clone()).collect(),
        ..TiFilter::default()
    };
    let order = OrderBy::parse(TI_COLUMNS, &["id"]).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let found = app.store.list_tis(&by, &order, Page { limit: i64::MAX, offset: 0 }).await?;
    let begun = |state| matches!(state, Some(TaskState::Running | TaskState::Success | TaskState::Failed));
    let ids: Vec<i64> = found
        .rows
        .iter()
        .filter(|ti| {
            !begun(ti.state) && named.iter().any(|(task, index)| *task == ti.task_id && *index == ti.map_index)
        })
        .map(|ti| ti.id)
        .collect();
    app.store.set_ti_state(&ids, TaskState::Skipped, now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn previous_success(State(app): State<App>, asking: Asking) -> ApiResult<Json<Value>> {
    let call = TaskCall::PreviousRun { dag_id: None, before: None, state: Some(RunState::Success) };
    let run = asking.ask(&app, call).await?;
    Ok(Json(json!({
        "data_interval_start": run["data_interval_start"], "data_interval_end": run["data_interval_end"],
        "start_date": run["start_date"], "end_date": run["end_date"],
    })))
}

/// Inlets and outlets that no DAG that is there mentions any more.
async fn inactive_assets(State(app): State<App>, Own(id): Own) -> ApiResult<Json<Value>> {
    let row = Standing::of(&app, id).await?.row()?;
    let loaded = match row.dag_version_id {
        Some(version) => app.store.version_data(version).await?,
        None => None,
    };
    let dag: Option<SerializedDag> = loaded.and_then(|text| serde_json::from_str(&text).ok());
    let mut mentioned: Vec<AssetExpr> = Vec::new();
    if let Some(task) = dag.and_then(|dag| dag.tasks.into_iter().find(|task| task.task_id == row.task_id)) {
        mentioned.extend(task.inlets);
        mentioned.extend(task.outlets);
    }
    let mut inactive = Vec::new();
    for expr in mentioned {
        let AssetExpr::Asset(asset) = expr else { continue };
        let found = app.store.find_asset(Some(&asset.key.name), Some(&asset.key.uri)).await?;
        let used = match found {
            Some(found) => !app.store.asset_references(&[found.id]).await?.is_empty(),
            None => false,
        };
        let profile = json!({"name": asset.key.name, "uri": asset.key.uri, "type": "Asset"});
        if !used && !inactive.contains(&profile) {
            inactive.push(profile);
        }
    }
    Ok(Json(json!({"inactive_assets": inactive})))
}

/// When the first part of a try began that was rescheduled.
async fn first_start(State(app): State<App>, Own(id): Own) -> ApiResult<Json<Option<Timestamp>>> {
    let row = Standing::of(&app, id).await?.row()?;
    Ok(Json(row.first_started_at.filter(|_| row.reschedule_count > 0)))
}
