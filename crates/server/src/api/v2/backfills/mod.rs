//! Backfills: make, look, pause, cancel.

mod change;
mod create;
mod shape;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_store::read::{BACKFILL_COLUMNS, BackfillView};

pub use shape::Backfill;

use crate::api::v2::paging;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/backfills", list)
        .post("/api/v2/backfills", create::handle)
        .post("/api/v2/backfills/dry_run", create::dry_run)
        .get("/api/v2/backfills/{backfill_id}", get)
        .put("/api/v2/backfills/{backfill_id}/pause", change::pause)
        .put("/api/v2/backfills/{backfill_id}/unpause", change::unpause)
        .put("/api/v2/backfills/{backfill_id}/cancel", change::cancel)
}

/// The backfill's row.
async fn must_exist(app: &App, id: i64) -> ApiResult<BackfillView> {
    app.store.find_backfill(id).await?.ok_or_else(|| ApiError::not_found(format!("there is no backfill {id}")))
}

/// One backfill.
async fn get(State(app): State<App>, Path(id): Path<i64>) -> ApiResult<Json<Backfill>> {
    Ok(Json(must_exist(&app, id).await?.into()))
}

/// A page of the backfills of a DAG.
async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let dag_id = params
        .text("dag_id")
        .ok_or_else(|| ApiError::invalid("missing", &["query", "dag_id"], "this parameter is required"))?;
    let order = paging::order(&params, BACKFILL_COLUMNS, &["id"])?;
    let found = app.store.list_backfills(dag_id, &order, paging::page(&app, &params)?).await?;
    let backfills: Vec<Backfill> = found.rows.into_iter().map(Into::into).collect();
    Ok(Json(json!({"backfills": backfills, "total_entries": found.total})))
}
