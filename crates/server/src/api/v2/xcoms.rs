//! XComs: list, look, push, change, delete.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::XComKey;
use tradewind_store::read::{XCOM_COLUMNS, XComFilter, XComView};

use super::{dag_runs, paging, task_instances};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::routes::Routes;
use crate::state::App;

type Names = (String, String, String);
type KeyNames = (String, String, String, String);

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    const ALL: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries";
    const ONE: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}";
    routes.get(ALL, list).post(ALL, create).get(ONE, get).patch(ONE, update).delete(ONE, delete)
}

/// An XCom as clients see it, without its value.
#[derive(Serialize)]
struct XCom {
    key: String,
    timestamp: Timestamp,
    logical_date: Option<Timestamp>,
    map_index: i32,
    task_id: String,
    dag_id: String,
    run_id: String,
    dag_display_name: String,
    task_display_name: String,
    run_after: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
}

async fn shape(app: &App, xcom: XComView, value: Option<Box<RawValue>>) -> ApiResult<XCom> {
    let facts = match xcom.dag_version_id {
        Some(id) => app.versions.facts(&app.store, id).await?,
        None => Default::default(),
    };
    Ok(XCom {
        task_display_name: facts.display_name(&xcom.task_id).to_owned(),
        key: xcom.key,
        timestamp: xcom.created_at,
        logical_date: xcom.logical_date,
        map_index: xcom.map_index,
        task_id: xcom.task_id,
        dag_id: xcom.dag_id,
        run_id: xcom.run_id,
        dag_display_name: xcom.dag_display_name,
        run_after: xcom.run_after,
        value,
    })
}

async fn list(
    State(app): State<App>,
    Path((dag_id, run_id, task_id)): Path<Names>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let named = |name: String| (name != "~").then_some(name);
    if dag_id != "~" && run_id != "~" {
        dag_runs::must_exist(&app, &dag_id, &run_id).await?;
    }
    let by = XComFilter {
        dag_id: named(dag_id),
        run_id: named(run_id),
        task_id: named(task_id),
        map_indexes: params.int("map_index")?.or(params.int("map_index_filter")?).into_iter().collect(),
        key: params.text("xcom_key").map(ToOwned::to_owned),
        key_match: paging::matching(&params, "xcom_key"),
        task_match: paging::matching(&params, "task_id"),
        run_match: paging::matching(&params, "run_id"),
        dag_match: paging::matching(&params, "dag_display_name"),
        logical_date: paging::instants(&params, "logical_date")?,
        run_after: paging::instants(&params, "run_after")?,
    };
    let order = paging::order(&params, XCOM_COLUMNS, &["dag_id", "task_id", "run_id", "map_index", "key"])?;
    let found = app.store.list_xcoms(&by, &order, paging::page(&app, &params)?).await?;
    let mut entries = Vec::with_capacity(found.rows.len());
    for xcom in found.rows {
        entries.push(shape(&app, xcom, None).await?);
    }
    Ok(Json(json!({"xcom_entries": entries, "total_entries": found.total})))
}

async fn find(app: &App, names: &KeyNames, map_index: i32) -> ApiResult<(XComView, Box<RawValue>)> {
    let (dag_id, run_id, task_id, key) = names;
    let found = app.store.find_xcom(dag_id, run_id, task_id, map_index, key).await?;
    let (view, text) = found.ok_or_else(|| {
        ApiError::not_found(format!("task '{task_id}' has no XCom '{key}' in run '{run_id}' of DAG '{dag_id}'"))
    })?;
    // As it was stored, so that keys keep their order. What is no JSON is not by us, and is shown as the text that it is.
    let value = match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(_) => quoted(&text)?,
    };
    Ok((view, value))
}

fn quoted(text: &str) -> ApiResult<Box<RawValue>> {
    to_raw_value(text).map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

async fn get(State(app): State<App>, Path(names): Path<KeyNames>, params: Params) -> ApiResult<Json<XCom>> {
    let (view, value) = find(&app, &names, task_instances::map_index(&params)?).await?;
    let stringify = params.flag("stringify")?.unwrap_or(false);
    let value = if stringify && !value.get().starts_with('"') { quoted(value.get())? } else { value };
    Ok(Json(shape(&app, view, Some(value)).await?))
}

/// What to push.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    key: String,
    value: Value,
    #[serde(default = "unmapped")]
    map_index: i32,
}

const fn unmapped() -> i32 {
    -1
}

async fn create(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id)): Path<Names>,
    Body(body): Body<Create>,
) -> ApiResult<(StatusCode, Json<XCom>)> {
    if body.key.is_empty() {
        return Err(ApiError::invalid("string_too_short", &["body", "key"], "the key is empty"));
    }
    let ti = task_instances::must_exist(&app, &dag_id, &run_id, &task_id, body.map_index).await?;
    let names = (dag_id, run_id, task_id, body.key);
    if app.store.find_xcom(&names.0, &names.1, &names.2, body.map_index, &names.3).await?.is_some() {
        return Err(ApiError::conflict(format!(
            "task '{}' has an XCom '{}' already; change it with PATCH",
            names.2, names.3
        )));
    }
    let key = XComKey { run_key: ti.run_key, task_id: ti.task_id, map_index: ti.map_index, key: names.3.clone() };
    app.store.xcom_set(&key, &body.value.to_string(), now()).await?;
    let event = Event::new("create_xcom_entry", &who).ti(&names.0, &names.1, &names.2, Some(body.map_index));
    app.record(event.extra(json!({"key": names.3}))).await?;
    let (view, value) = find(&app, &names, body.map_index).await?;
    Ok((StatusCode::CREATED, Json(shape(&app, view, Some(value)).await?)))
}

/// What to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    value: Value,
    #[serde(default = "unmapped")]
    map_index: i32,
}

async fn update(
    State(app): State<App>,
    who: Identity,
    Path(names): Path<KeyNames>,
    Body(body): Body<Update>,
) -> ApiResult<Json<XCom>> {
    find(&app, &names, body.map_index).await?;
    let key = own_key(&app, &names, body.map_index).await?;
    app.store.xcom_set(&key, &body.value.to_string(), now()).await?;
    let event = Event::new("update_xcom_entry", &who).ti(&names.0, &names.1, &names.2, Some(body.map_index));
    app.record(event.extra(json!({"key": names.3}))).await?;
    let (view, value) = find(&app, &names, body.map_index).await?;
    Ok(Json(shape(&app, view, Some(value)).await?))
}

async fn delete(
    State(app): State<App>,
    who: Identity,
    Path(names): Path<KeyNames>,
    params: Params,
) -> ApiResult<StatusCode> {
    let map_index = task_instances::map_index(&params)?;
    find(&app, &names, map_index).await?;
    let key = own_key(&app, &names, map_index).await?;
    app.store.xcom_delete(&key).await?;
    let event = Event::new("delete_xcom_entry", &who).ti(&names.0, &names.1, &names.2, Some(map_index));
    app.record(event.extra(json!({"key": names.3}))).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn own_key(app: &App, (dag_id, run_id, task_id, key): &KeyNames, map_index: i32) -> ApiResult<XComKey> {
    let run = dag_runs::must_exist(app, dag_id, run_id).await?;
    Ok(XComKey { run_key: run.id, task_id: task_id.clone(), map_index, key: key.clone() })
}
