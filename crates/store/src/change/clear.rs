//! Clearing: task instances run again, as if they had not run before.

use std::collections::HashMap;

use tradewind_core::{TaskState, Timestamp};

use crate::sql::{Batch, Rows, Statement, ids};
use crate::{Error, Store, Tx};

/// Task instances to clear.
#[derive(Clone, Debug)]
pub struct ClearTis {
    /// Which.
    pub tis: Vec<i64>,
    /// Runs of theirs that are over are queued again. Without this the rows are cleared and the runs stay over.
    pub reopen_runs: bool,
    /// Runs (by run key) that are treated so even if nothing in them is cleared.
    pub also_runs: Vec<i64>,
    /// They, and their runs, go on with the newest version of their DAG instead of the one that they have.
    pub latest_version: bool,
    /// `[core] default_task_retries`: each gets as many tries as its task in that version has retries, and one more.
    pub default_retries: u32,
    /// Now.
    pub at: Timestamp,
}

/// What became of a task instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearOutcome {
    /// It has no state any more.
    Cleared,
    /// It runs: its worker is told to end it, then it has no state any more.
    Restarting,
    /// There is no such task instance.
    Missing,
}

const CLEARS: Batch = Batch(&[("ti_id", "bigint"), ("retries", "integer")]);
static KEEP: Statement = Statement::new(include_str!("keep_cleared.sql"));
static CLEAR: Statement = Statement::new(include_str!("clear.sql")).rows(CLEARS);
static REOPEN: Statement = Statement::new(
    "UPDATE dag_run SET state = 'queued', clear_number = clear_number + 1, queued_at = $2, start_date = NULL,
        end_date = NULL, updated_at = $2
     WHERE id IN {ids} AND state IN ('success', 'failed')",
);
static SET_VERSION: Statement = Statement::new(
    "UPDATE dag_run SET dag_version_id = v.id, bundle_version = d.bundle_version
     FROM dag AS d, dag_version AS v
     WHERE dag_run.id IN {ids} AND d.dag_id = dag_run.dag_id AND v.id = d.latest_version_id",
);

impl Store {
    /// Clears task instances; answers what became of each, in the same order. Their tries stay in the history.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clear_tis(&self, clear: &ClearTis) -> Result<Vec<ClearOutcome>, Error> {
        if clear.tis.is_empty() && clear.also_runs.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let outcomes = tx.clear_tis(clear).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}

impl Tx {
    pub(super) async fn clear_tis(&mut self, clear: &ClearTis) -> Result<Vec<ClearOutcome>, Error> {
        KEEP.bind(ids(clear.tis.iter().copied())).run(self).await?;
        let retries = self.retries_of(&clear.tis, clear.latest_version, clear.default_retries).await?;
        let mut rows = Rows::new(CLEARS);
        for ti in &clear.tis {
            let own = retries.get(ti).copied().flatten().map(|n| i32::try_from(n).unwrap_or(i32::MAX / 2));
            rows.push([(*ti).into(), own.into()]);
        }
        let cleared = CLEAR
            .bind(rows)
            .bind(clear.at)
            .bind(clear.latest_version)
            .all::<(i64, i64, Option<TaskState>)>(self)
            .await?;
        let mut run_keys: Vec<i64> = cleared.iter().map(|(_, run_key, _)| *run_key).collect();
        run_keys.extend(&clear.also_runs);
        run_keys.sort_unstable();
        run_keys.dedup();
        if clear.reopen_runs {
            REOPEN.bind(ids(run_keys.iter().copied())).bind(clear.at).run(self).await?;
            self.runs_were_requeued(&run_keys).await?;
        }
        if clear.latest_version {
            SET_VERSION.bind(ids(run_keys.iter().copied())).run(self).await?;
        }
        self.runs_were_changed(&run_keys).await?;
        let by_id: HashMap<i64, Option<TaskState>> = cleared.into_iter().map(|(id, _, state)| (id, state)).collect();
        let outcome = |ti: &i64| match by_id.get(ti) {
            Some(Some(_)) => ClearOutcome::Restarting,
            Some(None) => ClearOutcome::Cleared,
            None => ClearOutcome::Missing,
        };
        Ok(clear.tis.iter().map(outcome).collect())
    }
}
