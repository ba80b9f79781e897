//! Versions of DAGs that workloads are made of: read once for the many tries that workers ask for in a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tradewind_protocol::{SerializedDag, TaskApiError};
use tradewind_store::Store;

use super::error::of_store;

/// A version does not change, but the file that has it may move.
const FRESH: Duration = Duration::from_secs(2);

/// A version of a DAG, and where its file is.
pub(super) struct Version {
    pub(super) dag: SerializedDag,
    pub(super) bundle: String,
    pub(super) file: String,
}

/// Versions that were read lately.
#[derive(Default)]
pub(super) struct Versions(Mutex<HashMap<i64, (Instant, Arc<Version>)>>);

impl Versions {
    /// A version. `None`: there is none, or it can't be read, which is logged.
    pub(super) async fn get(&self, store: &Store, id: i64) -> Result<Option<Arc<Version>>, TaskApiError> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = lock().get(&id).filter(|(read, _)| read.elapsed() < FRESH) {
            return Ok(Some(Arc::clone(found)));
        }
        let read = Instant::now();
        let Some(row) = store.dag_version(id).await.map_err(of_store)? else { return Ok(None) };
        let dag = match serde_json::from_str::<SerializedDag>(&row.data) {
            Ok(dag) => dag,
            Err(error) => {
                tracing::error!(dag.version = id, %error, "a serialized DAG can't be read");
                return Ok(None);
            }
        };
        let version = Arc::new(Version { dag, bundle: row.bundle_name, file: row.relative_fileloc });
        let mut versions = lock();
        versions.retain(|_, (read, _)| read.elapsed() < FRESH);
        versions.insert(id, (read, Arc::clone(&version)));
        Ok(Some(version))
    }
}
