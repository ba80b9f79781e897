//! `GET /api/v2/assets` and `GET /api/v2/assets/{asset_id}`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_store::read::{ASSET_COLUMNS, AssetFilter, AssetView};

use super::shape::Asset;
use crate::api::v2::paging;
use crate::http::Params;
use crate::http::error::ApiResult;
use crate::state::App;

/// Answers a page.
pub async fn handle(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let by = AssetFilter {
        name: paging::matching(&params, "name"),
        uri: paging::matching(&params, "uri"),
        dag_ids: params.list("dag_ids"),
        only_active: params.flag("only_active")?.unwrap_or(true),
    };
    let order = paging::order(&params, ASSET_COLUMNS, &["id"])?;
    let found = app.store.list_assets(&by, &order, paging::page(&app, &params)?).await?;
    let assets = shapes(&app, found.rows).await?;
    Ok(Json(json!({"assets": assets, "total_entries": found.total})))
}

/// Answers one.
pub async fn get(State(app): State<App>, Path(asset_id): Path<i64>) -> ApiResult<Json<Asset>> {
    let asset = super::must_exist(&app, asset_id).await?;
    let mut shapes = shapes(&app, vec![asset]).await?;
    Ok(Json(shapes.swap_remove(0)))
}

async fn shapes(app: &App, assets: Vec<AssetView>) -> ApiResult<Vec<Asset>> {
    let ids: Vec<i64> = assets.iter().map(|asset| asset.id).collect();
    let mut references = app.store.asset_references(&ids).await?;
    let mut aliases = app.store.aliases_of_assets(&ids).await?;
    let mut watchers = app.store.watchers_of_assets(&ids).await?;
    Ok(assets
        .into_iter()
        .map(|asset| {
            let references = references.remove(&asset.id).unwrap_or_default();
            let aliases = aliases.remove(&asset.id).unwrap_or_default();
            let watchers = watchers.remove(&asset.id).unwrap_or_default();
            Asset::new(asset, references, aliases, watchers)
        })
        .collect())
}
