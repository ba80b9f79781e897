//! The structure of a DAG, as it was last parsed.

use tradewind_protocol::SerializedDag;
use tradewind_store::Store;

use super::lookup;
use crate::error::CliError;

/// The newest version of a DAG.
///
/// # Errors
/// There is no such DAG.
pub async fn dag(store: &Store, dag_id: &str) -> Result<SerializedDag, CliError> {
    let dag = lookup::dag(store, dag_id).await?;
    let data = match dag.latest_version_id {
        Some(id) => store.version_data(id).await?,
        None => None,
    };
    let data = data.ok_or_else(|| CliError::failed(format!("the DAG '{dag_id}' was never parsed")))?;
    serde_json::from_str(&data)
        .map_err(|error| CliError::failed(format!("the stored structure of '{dag_id}' cannot be read: {error}")))
}
