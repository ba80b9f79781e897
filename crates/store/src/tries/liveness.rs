//! Who still runs what: heartbeats, tries in flight, queued tries.

use std::collections::HashSet;

use tradewind_core::{Timestamp, TryId};

use crate::models::TiRow;
use crate::sql::{Batch, Rows, Statement, ids, names};
use crate::{Error, Store};

const TRIES: Batch = Batch(&[("ti_id", "bigint"), ("this_try", "integer")]);
/// The only write that leaves the fence alone: a heartbeat changes nothing that anybody decides on.
static HEARTBEAT: Statement = Statement::new(
    "UPDATE task_instance SET heartbeat_at = $2
     FROM {rows} AS w
     WHERE task_instance.id = w.ti_id AND task_instance.try_number = w.this_try AND task_instance.state = 'running'
        AND task_instance.worker_id = $3
     RETURNING task_instance.id",
)
.rows(TRIES);

static LOST: Statement = Statement::new(
    "SELECT {columns} FROM task_instance
     WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input')
        AND state IN ('running', 'restarting') AND (heartbeat_at IS NULL OR heartbeat_at < $1)
     ORDER BY id",
)
.reads::<TiRow>();

static QUEUED: Statement = Statement::new(
    "SELECT {columns} FROM task_instance
     WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input') AND state = 'queued'
        AND queue IN {names} AND executor IS NOT DISTINCT FROM $2
     ORDER BY priority DESC, queued_at, id
     LIMIT $3",
)
.reads::<TiRow>();

static NAMED: Statement = Statement::new(
    "SELECT {columns} FROM task_instance WHERE id IN {ids} AND state = 'queued' ORDER BY priority DESC, queued_at, id",
)
.reads::<TiRow>();

static OVERDUE: Statement = Statement::new(
    "SELECT id, run_key, try_number FROM task_instance
     WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input') AND state = 'queued'
        AND queued_at < $1
     ORDER BY queued_at, id",
);

impl Store {
    /// A worker runs these tries. Answers those that are not its any more (cleared, marked, taken as lost): it
    /// should end them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn heartbeat_tries(&self, worker_id: i64, tries: &[TryId], now: Timestamp) -> Result<Vec<TryId>, Error> {
        if tries.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Rows::new(TRIES);
        for try_id in tries {
            rows.push([try_id.ti_id.into(), try_id.try_number.into()]);
        }
        let mut tx = self.begin().await?;
        let alive = HEARTBEAT.bind(rows).bind(now).bind(worker_id).all::<(i64,)>(&mut tx).await?;
        tx.commit().await?;
        let alive: HashSet<i64> = alive.into_iter().map(|(ti_id,)| ti_id).collect();
        Ok(tries.iter().copied().filter(|try_id| !alive.contains(&try_id.ti_id)).collect())
    }

    /// Running and restarting task instances whose last heartbeat is older than that.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lost_tries(&self, older_than: Timestamp) -> Result<Vec<TiRow>, Error> {
        LOST.bind(older_than).all(&mut self.db().reader().await?).await
    }

    /// Those of these tries that are queued, the most urgent first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queued_among(&self, tries: &[TryId]) -> Result<Vec<TiRow>, Error> {
        let ask = ids(tries.iter().map(|try_id| try_id.ti_id));
        let rows: Vec<TiRow> = NAMED.bind(ask).all(&mut self.db().reader().await?).await?;
        let wanted = |ti: &TiRow| tries.contains(&TryId { ti_id: ti.id, try_number: ti.try_number });
        Ok(rows.into_iter().filter(wanted).collect())
    }

    /// Tries that are queued since before that instant, each with the key of its run, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queued_since(&self, before: Timestamp) -> Result<Vec<(i64, TryId)>, Error> {
        let rows = OVERDUE.bind(before).all::<(i64, i64, i32)>(&mut self.db().reader().await?).await?;
        Ok(rows.into_iter().map(|(ti_id, run_key, try_number)| (run_key, TryId { ti_id, try_number })).collect())
    }

    /// Queued task instances of these queues and of that executor (`None`: the default one), the most urgent first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queued_tries(
        &self,
        queues: &[String],
        executor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TiRow>, Error> {
        QUEUED.bind(names(queues)).bind(executor).bind(limit).all(&mut self.db().reader().await?).await
    }
}
