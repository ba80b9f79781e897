//! Assets: list, look, events, queues, materialize.

mod aliases;
mod events;
mod list;
mod materialize;
mod queued;
mod shape;

use tradewind_store::read::AssetView;

use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/assets", list::handle)
        .get("/api/v2/assets/aliases", aliases::list)
        .get("/api/v2/assets/aliases/{asset_alias_id}", aliases::get)
        .get("/api/v2/assets/events", events::list)
        .post("/api/v2/assets/events", events::create)
        .get("/api/v2/assets/{asset_id}", list::get)
        .post("/api/v2/assets/{asset_id}/materialize", materialize::handle)
        .get("/api/v2/assets/{asset_id}/queuedEvents", queued::of_asset)
        .delete("/api/v2/assets/{asset_id}/queuedEvents", queued::delete_of_asset)
        .get("/api/v2/dags/{dag_id}/assets/queuedEvents", queued::of_dag)
        .delete("/api/v2/dags/{dag_id}/assets/queuedEvents", queued::delete_of_dag)
        .get("/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", queued::of_both)
        .delete("/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", queued::delete_of_both)
        .get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", events::of_run)
}

/// The asset's row.
///
/// # Errors
/// 404 if there is none.
async fn must_exist(app: &App, asset_id: i64) -> ApiResult<AssetView> {
    let asset = app.store.find_asset_by_id(asset_id).await?;
    asset.ok_or_else(|| ApiError::not_found(format!("The Asset with ID: `{asset_id}` was not found")))
}
