//! `PUT /api/v2/backfills/{backfill_id}/pause`, `unpause`, `cancel`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;
use tradewind_store::BackfillChange;

use super::{Backfill, must_exist};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Its queued runs do not begin any more; what runs goes on.
pub async fn pause(State(app): State<App>, who: Identity, Path(id): Path<i64>) -> ApiResult<Json<Backfill>> {
    let change = app.store.set_backfill_paused(id, true, now()).await?;
    answer(&app, &who, "pause_backfill", id, change).await
}

/// Its queued runs begin again.
pub async fn unpause(State(app): State<App>, who: Identity, Path(id): Path<i64>) -> ApiResult<Json<Backfill>> {
    let change = app.store.set_backfill_paused(id, false, now()).await?;
    answer(&app, &who, "unpause_backfill", id, change).await
}

/// Its queued runs fail, those that run go on to their end, and the backfill is over.
pub async fn cancel(State(app): State<App>, who: Identity, Path(id): Path<i64>) -> ApiResult<Json<Backfill>> {
    let change = app.store.cancel_backfill(id, now()).await?;
    answer(&app, &who, "cancel_backfill", id, change).await
}

async fn answer(
    app: &App,
    who: &Identity,
    event: &'static str,
    id: i64,
    change: BackfillChange,
) -> ApiResult<Json<Backfill>> {
    let backfill = must_exist(app, id).await?;
    if change == BackfillChange::Completed {
        return Err(ApiError::conflict("Backfill is already completed."));
    }
    app.record(Event::new(event, who).dag(&backfill.dag_id).extra(json!({"backfill_id": id}))).await?;
    Ok(Json(backfill.into()))
}
