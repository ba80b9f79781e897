//! `POST /api/v2/assets/{asset_id}/materialize`: runs the DAG that updates an asset.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value};
use tradewind_core::{RunType, Timestamp};

use crate::api::v2::dag_runs::{DagRun, Trigger, trigger};
use crate::auth::Identity;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// How, if it matters.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Materialize {
    #[serde(default)]
    dag_run_id: Option<String>,
    #[serde(default)]
    data_interval_start: Option<Timestamp>,
    #[serde(default)]
    data_interval_end: Option<Timestamp>,
    #[serde(default)]
    logical_date: Option<Timestamp>,
    #[serde(default)]
    run_after: Option<Timestamp>,
    #[serde(default)]
    conf: Option<Map<String, Value>>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    partition_key: Option<String>,
}

/// Creates the run.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path(asset_id): Path<i64>,
    body: Bytes,
) -> ApiResult<Json<DagRun>> {
    let how: Option<Materialize> = if body.is_empty() { None } else { crate::http::body::read(&body)? };
    let how = how.unwrap_or_default();
    super::must_exist(&app, asset_id).await?;
    let references = app.store.asset_references(&[asset_id]).await?.remove(&asset_id).unwrap_or_default();
    let mut dags: Vec<String> = references
        .into_iter()
        .filter(|reference| reference.kind == "outlet")
        .map(|reference| reference.dag_id)
        .collect();
    dags.dedup();
    let dag_id = match dags.as_slice() {
        [dag_id] => dag_id,
        [] => return Err(ApiError::not_found(format!("No DAG materializes asset with ID: {asset_id}"))),
        several => {
            return Err(ApiError::bad_request(format!(
                "More than one DAG materializes asset with ID: {asset_id} ({}); trigger one of them instead",
                several.join(", ")
            )));
        }
    };
    let asked = Trigger {
        dag_run_id: how.dag_run_id,
        data_interval_start: how.data_interval_start,
        data_interval_end: how.data_interval_end,
        logical_date: how.logical_date,
        run_after: how.run_after,
        conf: how.conf,
        note: how.note,
        partition_key: how.partition_key,
    };
    trigger(&app, &who, dag_id, asked, RunType::AssetMaterialization).await
}
