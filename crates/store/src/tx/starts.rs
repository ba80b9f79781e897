//! Runs that begin: how many are running already, with nobody else starting more meanwhile.

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
    "SELECT dag_id, backfill_id, COUNT(*) FROM dag_run
     WHERE state IN ('queued', 'running') AND state = 'running' AND dag_id IN {names}
     GROUP BY dag_id, backfill_id",
);
static LIMITS: Statement = Statement::new(
    "SELECT id, max_active_runs, is_paused FROM backfill WHERE completed_at IS NULL AND dag_id IN {names}",
);
/// Runs of these DAGs that wait in other schedulers; one of each is enough to make it look at all that it has.
static WAITING_ELSEWHERE: Statement = Statement::new(
    "SELECT MIN(id) FROM dag_run
     WHERE state IN ('queued', 'running') AND state = 'queued' AND dag_id IN {names} AND owner <> $2
     GROUP BY dag_id, owner",
);

impl Tx {
    /// How many runs of these DAGs are running, and the limits of their backfills. Nobody else starts runs of them
    /// until this transaction is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn running_runs(&mut self, dag_ids: &[String]) -> Result<(Vec<RunningRuns>, Vec<BackfillLimit>), Error> {
        if self.store.dialect() == crate::Dialect::Postgres {
            LOCK.bind(names(dag_ids)).one::<(i64,)>(self).await?;
        }
        let running = RUNNING.bind(names(dag_ids)).all::<(String, Option<i64>, i64)>(self).await?;
        let limits = LIMITS.bind(names(dag_ids)).all::<(i64, u32, bool)>(self).await?;
        let running = running.into_iter().map(|(dag_id, backfill_id, runs)| RunningRuns { dag_id, backfill_id, runs });
        let limits =
            limits.into_iter().map(|(id, max_active_runs, is_paused)| BackfillLimit { id, max_active_runs, is_paused });
        Ok((running.collect(), limits.collect()))
    }

    /// Runs of these DAGs have ended: other schedulers that have queued runs of them are told to look.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wake_waiting_elsewhere(&mut self, dag_ids: &[String], scheduler: i64) -> Result<(), Error> {
        if dag_ids.is_empty() {
            return Ok(());
        }
        let waiting = WAITING_ELSEWHERE.bind(names(dag_ids)).bind(scheduler).all::<(i64,)>(self).await?;
        if !waiting.is_empty() {
            self.add_to_inbox(waiting.into_iter().map(|(run_key,)| (run_key, None))).await?;
            self.notify(crate::Topic::Scheduler);
        }
        Ok(())
    }
}
