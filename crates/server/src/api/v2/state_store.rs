//! State stores: what a task instance remembers between its tries, and what is remembered of an asset.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::{AssetStateRow, AssetWriter, TaskScope, TaskStateRow};

use super::{dag_runs, paging, task_instances};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    const TASK: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store";
    const TASK_KEY: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}";
    routes
        .get(TASK, list)
        .delete(TASK, clear)
        .get(TASK_KEY, get)
        .put(TASK_KEY, put)
        .patch(TASK_KEY, patch)
        .delete(TASK_KEY, delete)
        .get("/api/v2/assets/{asset_id}/state-store", asset_list)
        .delete("/api/v2/assets/{asset_id}/state-store", asset_clear)
        .get("/api/v2/assets/{asset_id}/state-store/{*key}", asset_get)
        .put("/api/v2/assets/{asset_id}/state-store/{*key}", asset_put)
        .delete("/api/v2/assets/{asset_id}/state-store/{*key}", asset_delete)
}

type Names = (String, String, String);
type Keyed = (String, String, String, String);

/// What to remember. `expires_at`: absent or `"default"` for the configured time, null for ever.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    #[serde(deserialize_with = "present")]
    value: Value,
    #[serde(default, deserialize_with = "expiry")]
    expires_at: Expiry,
}

/// A new value; when it is forgotten stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewValue {
    #[serde(deserialize_with = "present")]
    value: Value,
}

#[derive(Default)]
enum Expiry {
    #[default]
    Default,
    Never,
    At(Timestamp),
}

fn expiry<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expiry, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None => Ok(Expiry::Never),
        Some("default") => Ok(Expiry::Default),
        Some(text) => text.parse().map(Expiry::At).map_err(serde::de::Error::custom),
    }
}

/// A null would be the same as no value at all.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Err(serde::de::Error::custom("a state can't be null; delete the key instead")),
        value => Ok(value),
    }
}

fn index(params: &Params) -> ApiResult<i32> {
    let index = params.int("map_index")?.unwrap_or(-1);
    i32::try_from(index).ok().filter(|index| *index >= -1).ok_or_else(|| {
        ApiError::invalid("greater_than_equal", &["query", "map_index"], "it should be greater than or equal to -1")
    })
}

/// The run and the task that the path names.
async fn scope(app: &App, (dag_id, run_id, task_id): &Names, params: &Params) -> ApiResult<TaskScope> {
    let run = dag_runs::must_exist(app, dag_id, run_id).await?;
    Ok(TaskScope { run_key: run.id, task_id: task_id.clone(), map_index: index(params)? })
}

/// The same, if there is such a task instance.
async fn existing(app: &App, names: &Names, params: &Params) -> ApiResult<TaskScope> {
    let scope = scope(app, names, params).await?;
    task_instances::must_exist(app, &names.0, &names.1, &names.2, scope.map_index).await?;
    Ok(scope)
}

fn shape(row: TaskStateRow) -> Value {
    json!({"key": row.key, "value": row.value, "updated_at": row.updated_at, "expires_at": row.expires_at})
}

fn no_key(key: &str) -> ApiError {
    ApiError::not_found(format!("there is no state '{key}'"))
}

async fn list(State(app): State<App>, Path(names): Path<Names>, params: Params) -> ApiResult<Json<Value>> {
    let rows = app.store.task_states_of(&scope(&app, &names, &params).await?, now()).await?;
    let page = paging::page(&app, &params)?;
    let total = rows.len();
    let rows = rows.into_iter().skip(count(page.offset)).take(count(page.limit)).map(shape);
    Ok(Json(json!({"task_state_store": rows.collect::<Vec<_>>(), "total_entries": total})))
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

async fn get(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, key)): Path<Keyed>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let scope = scope(&app, &(dag_id, run_id, task_id), &params).await?;
    let row = app.store.task_state(&scope, &key, now()).await?;
    row.map(|row| Json(shape(row))).ok_or_else(|| no_key(&key))
}

async fn put(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id, key)): Path<Keyed>,
    params: Params,
    Body(new): Body<New>,
) -> ApiResult<StatusCode> {
    let names = (dag_id, run_id, task_id);
    let scope = existing(&app, &names, &params).await?;
    let at = now();
    let expires_at = match new.expires_at {
        Expiry::Default => app.config.state_store.expires_at(at),
        Expiry::Never => None,
        Expiry::At(instant) => Some(instant),
    };
    app.store.set_task_state(&scope, &key, &new.value, expires_at, at).await?;
    written(&app, &who, "set_task_state", &names, &scope, Some(&key)).await
}

async fn patch(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id, key)): Path<Keyed>,
    params: Params,
    Body(new): Body<NewValue>,
) -> ApiResult<Json<Value>> {
    let names = (dag_id, run_id, task_id);
    let scope = existing(&app, &names, &params).await?;
    let at = now();
    let before = app.store.task_state(&scope, &key, at).await?.ok_or_else(|| no_key(&key))?;
    app.store.set_task_state(&scope, &key, &new.value, before.expires_at, at).await?;
    written(&app, &who, "set_task_state", &names, &scope, Some(&key)).await?;
    Ok(Json(Value::Null))
}

async fn delete(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id, key)): Path<Keyed>,
    params: Params,
) -> ApiResult<StatusCode> {
    let names = (dag_id, run_id, task_id);
    let scope = existing(&app, &names, &params).await?;
    app.store.delete_task_state(&scope, &key).await?;
    written(&app, &who, "delete_task_state", &names, &scope, Some(&key)).await
}

async fn clear(
    State(app): State<App>,
    who: Identity,
    Path(names): Path<Names>,
    params: Params,
) -> ApiResult<StatusCode> {
    let all = params.flag("all_map_indices")?.unwrap_or(false);
    let scope = if all { scope(&app, &names, &params).await? } else { existing(&app, &names, &params).await? };
    app.store.clear_task_state(&scope, all).await?;
    written(&app, &who, "clear_task_state", &names, &scope, None).await
}

async fn written(
    app: &App,
    who: &Identity,
    event: &'static str,
    names: &Names,
    scope: &TaskScope,
    key: Option<&str>,
) -> ApiResult<StatusCode> {
    let event = Event::new(event, who).ti(&names.0, &names.1, &names.2, Some(scope.map_index));
    app.record(event.extra(json!({"key": key}))).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn asset_shape(row: AssetStateRow) -> Value {
    json!({
        "key": row.key,
        "value": row.value,
        "updated_at": row.updated_at,
        "last_updated_by": {
            "kind": row.writer,
            "dag_id": row.dag_id,
            "run_id": row.run_id,
            "task_id": row.task_id,
            "map_index": row.map_index,
        },
    })
}

async fn must_exist(app: &App, asset_id: i64) -> ApiResult<()> {
    let found = app.store.find_asset_by_id(asset_id).await?;
    found.map(|_| ()).ok_or_else(|| ApiError::not_found(format!("there is no asset {asset_id}")))
}

async fn asset_list(State(app): State<App>, Path(asset_id): Path<i64>, params: Params) -> ApiResult<Json<Value>> {
    must_exist(&app, asset_id).await?;
    let page = paging::page(&app, &params)?;
    let rows = app.store.asset_states(asset_id).await?;
    let total = rows.len();
    let rows = rows.into_iter().skip(count(page.offset)).take(count(page.limit)).map(asset_shape);
    Ok(Json(json!({"asset_state_store": rows.collect::<Vec<_>>(), "total_entries": total})))
}

async fn asset_get(State(app): State<App>, Path((asset_id, key)): Path<(i64, String)>) -> ApiResult<Json<Value>> {
    must_exist(&app, asset_id).await?;
    let row = app.store.asset_state(asset_id, &key).await?;
    row.map(|row| Json(asset_shape(row))).ok_or_else(|| no_key(&key))
}

async fn asset_put(
    State(app): State<App>,
    who: Identity,
    Path((asset_id, key)): Path<(i64, String)>,
    Body(new): Body<NewValue>,
) -> ApiResult<StatusCode> {
    must_exist(&app, asset_id).await?;
    app.store.set_asset_state(asset_id, &key, &new.value, &AssetWriter::Api, now()).await?;
    asset_written(&app, &who, "set_asset_state", asset_id, Some(&key)).await
}

async fn asset_delete(
    State(app): State<App>,
    who: Identity,
    Path((asset_id, key)): Path<(i64, String)>,
) -> ApiResult<StatusCode> {
    must_exist(&app, asset_id).await?;
    app.store.delete_asset_state(asset_id, &key).await?;
    asset_written(&app, &who, "delete_asset_state", asset_id, Some(&key)).await
}

async fn asset_clear(State(app): State<App>, who: Identity, Path(asset_id): Path<i64>) -> ApiResult<StatusCode> {
    must_exist(&app, asset_id).await?;
    app.store.clear_asset_state(asset_id).await?;
    asset_written(&app, &who, "clear_asset_state", asset_id, None).await
}

async fn asset_written(
    app: &App,
    who: &Identity,
    event: &'static str,
    asset_id: i64,
    key: Option<&str>,
) -> ApiResult<StatusCode> {
    app.record(Event::new(event, who).extra(json!({"asset_id": asset_id, "key": key}))).await?;
    Ok(StatusCode::NO_CONTENT)
}
