//! Runs that begin: how many are running already, with nobody else starting more meanwhile.

use tradewind_core::Timestamp;

use crate::planning::{BackfillLimit, RunningRuns};
use crate::sql::{Statement, names};
use crate::{Error, Tx};

/// A lock for each DAG, taken in one order; rows of `dag` are not locked, because parsing writes them all the time.
/// SQLite has one writer anyway.
static LOCK: Statement = Statement::new(
    "SELECT COUNT(pg_advisory_xact_lock(1918987876, key)) FROM (SELECT DISTINCT hashtext(n) AS key
        FROM {names} AS l(n) ORDER BY 1) AS keys -- pg",
);
static RUNNING: Statement = Statement::new(
    "SELECT dag_id, backfill_id, COUNT(CASE WHEN state = 'running' THEN 1 END) AS runs,
        MIN(CASE WHEN state = 'queued' AND run_after <= $3 AND (owner IS NULL OR owner <> $1) THEN backfill_ordinal END)
            AS next_ordinal
     FROM dag_run WHERE state IN ('queued', 'running') AND dag_id IN {names:2} GROUP BY dag_id, backfill_id",
);
static LIMITS: Statement = Statement::new(
    "SELECT id, max_active_runs, is_paused FROM backfill WHERE completed_at IS NULL AND dag_id IN {names}",
);
impl Tx {
    /// How many runs of these DAGs are running, which place of a backfill comes next among those that other schedulers
    /// plan, and the limits of their backfills. Nobody else starts runs of them until this transaction is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn running_runs(
        &mut self,
        scheduler: i64,
        dag_ids: &[String],
        now: Timestamp,
    ) -> Result<(Vec<RunningRuns>, Vec<BackfillLimit>), Error> {
        if self.store.dialect() == crate::Dialect::Postgres {
            LOCK.bind(names(dag_ids)).one::<(i64,)>(self).await?;
        }
        let running = RUNNING.bind(scheduler).bind(names(dag_ids)).bind(now).all(self).await?;
        let limits = LIMITS.bind(names(dag_ids)).all::<(i64, u32, bool)>(self).await?;
        let limits =
            limits.into_iter().map(|(id, max_active_runs, is_paused)| BackfillLimit { id, max_active_runs, is_paused });
        Ok((running, limits.collect()))
    }
}
