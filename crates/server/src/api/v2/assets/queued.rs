//! What DAGs have yet to consume: `…/queuedEvents` by asset, by DAG, and by both.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use tradewind_core::Timestamp;
use tradewind_store::read::{QueueFilter, QueuedView};

use crate::auth::Identity;
use crate::events::Event;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Events of one asset that one DAG has yet to consume.
#[derive(Serialize)]
pub struct QueuedEvent {
    dag_id: String,
    asset_id: i64,
    created_at: Timestamp,
    dag_display_name: String,
}

/// All of them.
#[derive(Serialize)]
pub struct QueuedEvents {
    queued_events: Vec<QueuedEvent>,
    total_entries: usize,
}

impl From<QueuedView> for QueuedEvent {
    fn from(row: QueuedView) -> Self {
        Self {
            dag_id: row.dag_id,
            asset_id: row.asset_id,
            created_at: row.created_at,
            dag_display_name: row.dag_display_name,
        }
    }
}

fn filter(params: &Params, dag_id: Option<String>, asset_id: Option<i64>) -> ApiResult<QueueFilter> {
    Ok(QueueFilter { dag_id, asset_id, before: params.instant("before")? })
}

async fn answer(app: &App, by: &QueueFilter) -> ApiResult<Json<QueuedEvents>> {
    let rows = app.store.queued_asset_events(by).await?;
    let queued_events: Vec<QueuedEvent> = rows.into_iter().map(QueuedEvent::from).collect();
    Ok(Json(QueuedEvents { total_entries: queued_events.len(), queued_events }))
}

async fn delete(app: &App, who: &Identity, by: &QueueFilter) -> ApiResult<StatusCode> {
    if app.store.empty_asset_queue(by).await? == 0 {
        return Err(missing(by));
    }
    app.record(Event::new("delete_asset_queued_events", who)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn missing(by: &QueueFilter) -> ApiError {
    let of = [
        by.dag_id.as_ref().map(|dag_id| format!("dag_id: `{dag_id}`")),
        by.asset_id.map(|asset_id| format!("asset_id: `{asset_id}`")),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    ApiError::not_found(format!("Queue event with {} was not found", of.join(" and ")))
}

/// Of an asset.
pub async fn of_asset(
    State(app): State<App>,
    Path(asset_id): Path<i64>,
    params: Params,
) -> ApiResult<Json<QueuedEvents>> {
    answer(&app, &filter(&params, None, Some(asset_id))?).await
}

/// Takes those of an asset off all queues.
pub async fn delete_of_asset(
    State(app): State<App>,
    who: Identity,
    Path(asset_id): Path<i64>,
    params: Params,
) -> ApiResult<StatusCode> {
    delete(&app, &who, &filter(&params, None, Some(asset_id))?).await
}

/// Of a DAG.
pub async fn of_dag(
    State(app): State<App>,
    Path(dag_id): Path<String>,
    params: Params,
) -> ApiResult<Json<QueuedEvents>> {
    answer(&app, &filter(&params, Some(dag_id), None)?).await
}

/// Empties a DAG's queue.
pub async fn delete_of_dag(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    params: Params,
) -> ApiResult<StatusCode> {
    delete(&app, &who, &filter(&params, Some(dag_id), None)?).await
}

/// Of a DAG and an asset.
pub async fn of_both(
    State(app): State<App>,
    Path((dag_id, asset_id)): Path<(String, i64)>,
    params: Params,
) -> ApiResult<Json<QueuedEvent>> {
    let by = filter(&params, Some(dag_id), Some(asset_id))?;
    let row = app.store.queued_asset_events(&by).await?.into_iter().next();
    row.map(|row| Json(row.into())).ok_or_else(|| missing(&by))
}

/// Takes those of an asset off a DAG's queue.
pub async fn delete_of_both(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, asset_id)): Path<(String, i64)>,
    params: Params,
) -> ApiResult<StatusCode> {
    delete(&app, &who, &filter(&params, Some(dag_id), Some(asset_id))?).await
}
