//! Where the logs of tries are that workers were given, so that a piece of a log costs no question to the database.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tradewind_core::TryId;
use tradewind_protocol::{Workload, log_path};

/// So many are remembered; those of tries that end with another server would stay for ever.
const MOST: usize = 10_000;

/// Paths below the log folder.
#[derive(Default)]
pub(super) struct LogPaths(Mutex<HashMap<TryId, PathBuf>>);

impl LogPaths {
    /// A worker is given the try.
    pub(super) fn remember(&self, workload: &Workload) {
        let w = workload;
        let path = log_path(&w.dag_id, &w.run.run_id, &w.task_id, w.map_index, w.try_number);
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paths.len() >= MOST {
            paths.clear();
        }
        paths.insert(w.try_id, path);
    }

    /// Where a try's log is, if it is remembered.
    pub(super) fn get(&self, id: TryId) -> Option<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// The try is over.
    pub(super) fn forget(&self, id: TryId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
