//! Write transactions: what a scheduler's tick does in one go.

mod redefine;
mod runs;
mod starts;
mod tis;

pub use redefine::TiDefinition;

use crate::db::{Conn, Connected, Writing};
use crate::models::{PoolSize, Usage, UsageRow};
use crate::sql::{Dialect, Statement, ids};
use crate::{Error, Store, Topic};

/// One write transaction. Dropping it undoes everything.
///
/// On SQLite it has the only writer: keep it short and wait for nothing else meanwhile.
pub struct Tx {
    writing: Writing,
    store: Store,
    topics: u8,
}

static USAGE: Statement = Statement::new(
    "SELECT state IN ('queued', 'running', 'restarting') AS in_flight, pool, dag_id, run_key, task_id, executor,
        COUNT(*) AS tis, CAST(SUM(pool_slots) AS BIGINT) AS slots
     FROM task_instance
     WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input')
     GROUP BY 1, 2, 3, 4, 5, 6",
);
static POOLS: Statement = Statement::new(
    "SELECT name, CAST(slots AS BIGINT), include_deferred FROM pool ORDER BY name
     FOR UPDATE -- pg",
);
static DELETE_INBOX: Statement = Statement::new("DELETE FROM inbox WHERE id IN {ids}");
static NOTIFY: Statement = Statement::new("SELECT pg_notify('tradewind', $1)");

impl Store {
    /// Begins a write transaction.
    ///
    /// # Errors
    /// When there is no connection, or SQLite stays locked by another process.
    pub async fn begin(&self) -> Result<Tx, Error> {
        Ok(Tx { writing: self.db().write().await?, store: self.clone(), topics: 0 })
    }
}

impl Tx {
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Wakes the topic's listeners once this is committed.
    pub fn notify(&mut self, topic: Topic) {
        self.topics |= topic.bit();
    }

    /// Processes, workers, queues or pods changed, and so did what pages show.
    pub(crate) fn notify_cluster(&mut self) {
        self.notify(Topic::Cluster);
        self.notify(Topic::Ui);
    }

    /// Makes everything last, and wakes whom it concerns.
    ///
    /// # Errors
    /// Those of the database. Whether the transaction lasts is then not known.
    pub async fn commit(mut self) -> Result<(), Error> {
        if self.topics != 0 && self.store.dialect() == Dialect::Postgres {
            let payload = self.store.waker().payload(self.topics);
            NOTIFY.bind(payload).run(&mut self.writing).await?;
        }
        self.writing.commit().await?;
        self.store.waker().notify_bits(self.topics);
        Ok(())
    }

    /// What is in use, and the sizes of pools; nobody else admits until this transaction is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn usage(&mut self) -> Result<Usage, Error> {
        // The lock first: what others admitted under it must be seen.
        let pools = POOLS.query().all::<PoolSize>(self).await?;
        let rows = USAGE.query().all::<UsageRow>(self).await?;
        Ok(Usage { rows, pools })
    }

    /// Forgets hints that were taken in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_inbox(&mut self, inbox: &[i64]) -> Result<(), Error> {
        if !inbox.is_empty() {
            DELETE_INBOX.bind(ids(inbox.iter().copied())).run(self).await?;
        }
        Ok(())
    }
}

impl Tx {
    /// Encrypts and decrypts secrets.
    pub(crate) fn fernet(&self) -> &crate::Fernet {
        self.store.fernet()
    }
}

impl Connected for Tx {
    fn conn(&mut self) -> Result<Conn<'_>, Error> {
        self.writing.conn()
    }
}
