//! `GET /api/v2/assets/aliases` and `GET /api/v2/assets/aliases/{asset_alias_id}`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_store::read::ASSET_ALIAS_COLUMNS;

use super::shape::Alias;
use crate::api::v2::paging;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Answers a page.
pub async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let order = paging::order(&params, ASSET_ALIAS_COLUMNS, &["id"])?;
    let name = paging::matching(&params, "name");
    let found = app.store.list_asset_aliases(&name, &order, paging::page(&app, &params)?).await?;
    let aliases: Vec<Alias> = found.rows.into_iter().map(Alias::from).collect();
    Ok(Json(json!({"asset_aliases": aliases, "total_entries": found.total})))
}

/// Answers one.
pub async fn get(State(app): State<App>, Path(id): Path<i64>) -> ApiResult<Json<Alias>> {
    let alias = app.store.find_asset_alias(id).await?;
    let missing = || ApiError::not_found(format!("The Asset Alias with ID: `{id}` was not found"));
    alias.map(|alias| Json(alias.into())).ok_or_else(missing)
}
