//! Loading runs to plan them, and who plans which.

use std::collections::{HashMap, HashSet};

use tradewind_core::Timestamp;

use crate::models::{InboxRow, RunRow, TiRow};
use crate::sql::{Statement, ids};
use crate::{Error, Store};

static ADOPT: Statement = Statement::new(
    "UPDATE dag_run SET owner = $1
     WHERE state IN ('queued', 'running') AND (owner IS NULL OR (owner <> $1 AND NOT EXISTS (
        SELECT 1 FROM job WHERE job.id = dag_run.owner AND job.state = 'running' AND job.heartbeat_at >= $2)))
     RETURNING id",
);
/// Not ordered here: SQLite would walk the whole table for the order's sake.
static OWNED: Statement = Statement::new("SELECT id FROM dag_run WHERE state IN ('queued', 'running') AND owner = $1");
/// Most of the time there is nothing to adopt: a look that takes no lock says so.
static ADOPTABLE: Statement = Statement::new(
    "SELECT dag_id FROM dag_run
     WHERE state IN ('queued', 'running') AND (owner IS NULL OR (owner <> $1 AND NOT EXISTS (
        SELECT 1 FROM job WHERE job.id = dag_run.owner AND job.state = 'running' AND job.heartbeat_at >= $2)))
     LIMIT 1",
);
static LOAD_RUNS: Statement =
    Statement::new("SELECT {columns} FROM dag_run WHERE id IN {ids} ORDER BY id").reads::<RunRow>();
static LOAD_TIS_OF_RUNS: Statement =
    Statement::new("SELECT {columns} FROM task_instance WHERE run_key IN {ids} ORDER BY run_key, id").reads::<TiRow>();
static LOAD_TIS: Statement =
    Statement::new("SELECT {columns} FROM task_instance WHERE id IN {ids} ORDER BY id").reads::<TiRow>();
/// Runs that are over have no owner; what somebody changed in them is anybody's to see.
static INBOX: Statement = Statement::new(
    "SELECT i.id, i.run_key, i.ti_id, r.owner = $1, r.state IN ('queued', 'running'), i.dag_id
     FROM inbox AS i LEFT JOIN dag_run AS r ON r.id = i.run_key
     WHERE r.owner = $1 OR r.owner IS NULL
        OR EXISTS (SELECT 1 FROM job AS j WHERE j.id = r.owner AND j.state = 'ended')
     ORDER BY i.id
     LIMIT 2000",
);
static CLAIM: Statement = Statement::new(
    "UPDATE dag_run SET owner = $2
     WHERE id IN {ids} AND state IN ('queued', 'running')
        AND (owner IS NULL OR EXISTS (SELECT 1 FROM job AS j WHERE j.id = dag_run.owner AND j.state = 'ended'))
     RETURNING id",
);
/// Schedulers that were not heard of are over, until they are heard of again.
static END_SILENT: Statement = Statement::new(
    "UPDATE job SET state = 'ended', ended_at = heartbeat_at
     WHERE state = 'running' AND heartbeat_at < $2 AND id <> $1 AND kind = (SELECT kind FROM job WHERE id = $1)",
);
static FIND_RUN: Statement =
    Statement::new("SELECT {columns} FROM dag_run WHERE dag_id = $1 AND run_id = $2").reads::<RunRow>();
impl Store {
    /// Takes over active runs that nobody plans: without an owner, or whose owner was not heard of since
    /// `live_since`. Answers all active runs that this scheduler owns now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn adopt_runs(&self, scheduler: i64, live_since: Timestamp) -> Result<Vec<i64>, Error> {
        let mut reader = self.db().reader().await?;
        let adoptable = ADOPTABLE.bind(scheduler).bind(live_since).optional::<(String,)>(&mut reader).await?;
        drop(reader);
        if adoptable.is_some() {
            let mut tx = self.begin().await?;
            END_SILENT.bind(scheduler).bind(live_since).run(&mut tx).await?;
            ADOPT.bind(scheduler).bind(live_since).all::<(i64,)>(&mut tx).await?;
            tx.commit().await?;
        }
        let owned = OWNED.bind(scheduler).all::<(i64,)>(&mut self.db().reader().await?).await?;
        let mut owned: Vec<i64> = owned.into_iter().map(|(run_key,)| run_key).collect();
        owned.sort_unstable();
        Ok(owned)
    }

    /// Active runs that this scheduler owns.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn runs_owned_by(&self, scheduler: i64) -> Result<Vec<i64>, Error> {
        let owned = OWNED.bind(scheduler).all::<(i64,)>(&mut self.db().reader().await?).await?;
        Ok(owned.into_iter().map(|(run_key,)| run_key).collect())
    }

    /// Runs without their task instances. Those that do not exist are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn run_rows(&self, run_keys: &[i64]) -> Result<Vec<RunRow>, Error> {
        if run_keys.is_empty() {
            return Ok(Vec::new());
        }
        LOAD_RUNS.bind(ids(run_keys.iter().copied())).all(&mut self.db().reader().await?).await
    }

    /// Runs with their task instances. Those that do not exist are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load_runs(&self, run_keys: &[i64]) -> Result<Vec<(RunRow, Vec<TiRow>)>, Error> {
        if run_keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut reader = self.db().reader().await?;
        let runs = LOAD_RUNS.bind(ids(run_keys.iter().copied())).all::<RunRow>(&mut reader).await?;
        let tis = LOAD_TIS_OF_RUNS.bind(ids(run_keys.iter().copied())).all::<TiRow>(&mut reader).await?;
        let mut by_run: HashMap<i64, Vec<TiRow>> = HashMap::with_capacity(runs.len());
        for ti in tis {
            by_run.entry(ti.run_key).or_default().push(ti);
        }
        Ok(runs
            .into_iter()
            .map(|run| {
                let tis = by_run.remove(&run.id).unwrap_or_default();
                (run, tis)
            })
            .collect())
    }

    /// Task instances by number. Those that do not exist are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load_tis(&self, ti_ids: &[i64]) -> Result<Vec<TiRow>, Error> {
        if ti_ids.is_empty() {
            return Ok(Vec::new());
        }
        LOAD_TIS.bind(ids(ti_ids.iter().copied())).all(&mut self.db().reader().await?).await
    }

    /// A run by its DAG and id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_run_row(&self, dag_id: &str, run_id: &str) -> Result<Option<RunRow>, Error> {
        FIND_RUN.bind(dag_id).bind(run_id).optional(&mut self.db().reader().await?).await
    }

    /// What others changed in runs that this scheduler plans. Active runs without an owner become its own.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read_inbox(&self, scheduler: i64) -> Result<Vec<InboxRow>, Error> {
        type Found = (i64, i64, Option<i64>, Option<bool>, Option<bool>, Option<String>);
        let found = INBOX.bind(scheduler).all::<Found>(&mut self.db().reader().await?).await?;
        let free: HashSet<i64> = found
            .iter()
            .filter(|(_, _, _, mine, active, _)| *mine != Some(true) && *active == Some(true))
            .map(|(_, run_key, ..)| *run_key)
            .collect();
        let mut lost = free.clone();
        if !free.is_empty() {
            let mut tx = self.begin().await?;
            for (run_key,) in CLAIM.bind(ids(free)).bind(scheduler).all::<(i64,)>(&mut tx).await? {
                lost.remove(&run_key);
            }
            tx.commit().await?;
        }
        Ok(found
            .into_iter()
            .filter(|(_, run_key, ..)| !lost.contains(run_key))
            .map(|(id, run_key, ti_id, _, _, dag_id)| InboxRow { id, run_key, ti_id, dag_id })
            .collect())
    }
}
