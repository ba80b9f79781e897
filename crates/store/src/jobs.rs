//! Jobs: the long-lived processes of an installation, or parts of one.

use tradewind_core::Timestamp;

use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store};

row! {
    /// A job that says that it runs.
    pub struct JobRow {
        /// Its id.
        pub id: i64,
        /// `SchedulerJob`, `DagProcessorJob`, `TriggererJob`, `WorkerJob`, `ApiServerJob`.
        pub kind: String,
        /// Where it runs.
        pub hostname: String,
        /// Its process.
        pub pid: i64,
        /// When it began.
        pub started_at: Timestamp,
        /// Its last sign of life.
        pub heartbeat_at: Timestamp,
        /// Whatever else it said about itself.
        pub details: serde_json::Value,
    }
}

static REGISTER: Statement = Statement::new(
    "INSERT INTO job (kind, hostname, pid, state, started_at, heartbeat_at) VALUES ($1, $2, $3, 'running', $4, $4)
     RETURNING id",
);
/// A job that was taken for dead lives again when it is heard of.
static HEARTBEAT: Statement =
    Statement::new("UPDATE job SET heartbeat_at = $2, state = 'running', ended_at = NULL WHERE id = $1");
static END: Statement =
    Statement::new("UPDATE job SET state = 'ended', ended_at = $2, wanted = NULL WHERE id = $1 AND state = 'running'");
static DETAILS: Statement = Statement::new("UPDATE job SET details = $2 WHERE id = $1");
static LIVE: Statement = Statement::new(
    "SELECT {columns} FROM job WHERE state = 'running' AND kind = $1 AND heartbeat_at >= $2 ORDER BY id",
)
.reads::<JobRow>();
static END_ONE_SILENT: Statement = Statement::new(
    "UPDATE job SET state = 'ended', ended_at = heartbeat_at WHERE id = $1 AND state = 'running' AND heartbeat_at = $2",
);
static END_SILENT: Statement = Statement::new(
    "UPDATE job SET state = 'ended', ended_at = heartbeat_at WHERE state = 'running' AND kind = $1 AND heartbeat_at < $2",
);

impl Store {
    /// Makes a job known; answers its id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn register_job(&self, kind: &str, hostname: &str, pid: u32, now: Timestamp) -> Result<i64, Error> {
        let mut tx = self.begin().await?;
        let (id,) = REGISTER.bind(kind).bind(hostname).bind(pid).bind(now).one::<(i64,)>(&mut tx).await?;
        tx.notify_cluster();
        tx.commit().await?;
        Ok(id)
    }

    /// The job lives.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn heartbeat_job(&self, id: i64, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        HEARTBEAT.bind(id).bind(now).run(&mut tx).await?;
        tx.commit().await
    }

    /// The job says goodbye. Runs that it owned are free at once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_job(&self, id: i64, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        END.bind(id).bind(now).run(&mut tx).await?;
        tx.notify(crate::Topic::Scheduler);
        tx.notify_cluster();
        tx.commit().await
    }

    /// What a job says about itself: queues and slots of a worker, for instance.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn describe_job(&self, id: i64, details: &serde_json::Value) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        DETAILS.bind(id).bind(details.to_string()).run(&mut tx).await?;
        tx.notify_cluster();
        tx.commit().await
    }

    /// Jobs of a kind that were heard of since then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn live_jobs(&self, kind: &str, newer_than: Timestamp) -> Result<Vec<JobRow>, Error> {
        LIVE.bind(kind).bind(newer_than).all(&mut self.db().reader().await?).await
    }

    /// Marks a job as ended, unless there is a newer sign of life of it than this one; answers whether it did. What
    /// it owned is free then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_silent_job(&self, id: i64, heartbeat_at: Timestamp) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let ended = END_ONE_SILENT.bind(id).bind(heartbeat_at).run(&mut tx).await? > 0;
        if ended {
            tx.notify(crate::Topic::Scheduler);
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Marks jobs of a kind that were not heard of since then as ended; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_silent_jobs(&self, kind: &str, older_than: Timestamp) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let ended = END_SILENT.bind(kind).bind(older_than).run(&mut tx).await?;
        if ended > 0 {
            tx.notify_cluster();
        }
        tx.commit().await?;
        Ok(ended)
    }
}
