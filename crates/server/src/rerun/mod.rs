//! Running again what ran before, and what never ran: backfills and clearing. REST and the command line share it.

pub mod backfill;
pub mod markers;
pub mod select;

use tradewind_core::RunType;
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::Store;

use crate::http::error::{ApiError, ApiResult};

/// Whether runs go on with the newest version of the DAG: as asked, else as the DAG says, else as
/// `[core] rerun_with_latest_version` says, else `fallback`.
pub fn latest_version(asked: Option<bool>, dag: &SerializedDag, defaults: &DagDefaults, fallback: bool) -> bool {
    asked.or(dag.rerun_with_latest_version).or(defaults.rerun_with_latest_version).unwrap_or(fallback)
}

/// The newest structure of a DAG.
///
/// # Errors
/// 404 if there is no such DAG, or it was never parsed.
pub async fn newest(store: &Store, dag_id: &str) -> ApiResult<SerializedDag> {
    let missing = || ApiError::not_found(format!("DAG '{dag_id}' has no version yet: its file has not been parsed"));
    if store.find_dag(dag_id).await?.is_none() {
        return Err(ApiError::not_found(format!("there is no DAG '{dag_id}'")));
    }
    let version = store.find_version(dag_id, None).await?.ok_or_else(missing)?;
    let data = store.version_data(version.id).await?.ok_or_else(missing)?;
    serde_json::from_str(&data).map_err(|error| {
        tracing::error!(dag_id, %error, "the stored DAG can't be read");
        ApiError::conflict(format!("the stored structure of DAG '{dag_id}' can't be read; parse its file again"))
    })
}

/// Refuses runs of a type that the DAG does not allow.
///
/// # Errors
/// 400
pub fn must_allow(dag: &SerializedDag, run_type: RunType) -> ApiResult<()> {
    if dag.allows(run_type) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("DAG '{}' does not allow {run_type} runs (allowed_run_types)", dag.dag_id)))
}
