//! Callbacks that run in a process that has the DAG files, and the deadlines that call some of them.
//!
//! A row is made in the transaction of the change that it tells of, so none is lost. It is claimed for a while by one
//! process, which runs it and then forgets it; if that process dies, another one claims it again, a few times at most.

mod alerts;
mod deadlines;
mod ends;
mod queue;

pub use deadlines::{DeadlineAnswer, DeadlineReport};
pub use ends::RunEnd;
pub use queue::{CallbackEnd, ClaimedCallback};

pub(crate) use alerts::AlertCache;
pub(crate) use deadlines::QueuedRun;
pub(crate) use ends::EndedTry;

use serde_json::Value;

use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Topic, Tx};

/// A callback that is to run.
#[derive(Clone, Debug)]
pub(crate) struct NewCallback {
    /// `task`, `dag`, `deadline`, `sla` or `reference`.
    pub kind: &'static str,
    /// Its DAG, whose file it is in.
    pub dag_id: String,
    /// The run that it is about.
    pub run_key: Option<i64>,
    /// The task instance that it is about.
    pub ti_id: Option<i64>,
    /// What happened.
    pub request: Value,
}

const NEW: Batch =
    Batch(&[("kind", "text"), ("dag_id", "text"), ("run_key", "bigint"), ("ti_id", "bigint"), ("request", "text")]);
static ADD: Statement = Statement::new(
    "INSERT INTO callback (kind, dag_id, run_key, ti_id, bundle_name, relative_fileloc, created_at, request)
     SELECT w.kind, w.dag_id, w.run_key, w.ti_id, d.bundle_name, d.relative_fileloc, $2, w.request
     FROM {rows} AS w JOIN dag AS d ON d.dag_id = w.dag_id",
)
.rows(NEW);

impl Tx {
    /// Queues callbacks and wakes those who run them. Those of DAGs that are gone are left out: nobody has their file.
    pub(crate) async fn add_callbacks(&mut self, callbacks: &[NewCallback]) -> Result<(), Error> {
        if callbacks.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(NEW);
        for callback in callbacks {
            rows.push([
                callback.kind.into(),
                (&callback.dag_id).into(),
                callback.run_key.into(),
                callback.ti_id.into(),
                callback.request.to_string().into(),
            ]);
        }
        ADD.bind(rows).bind(crate::now()).run(self).await?;
        self.notify(Topic::Callbacks);
        Ok(())
    }
}
