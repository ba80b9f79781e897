//! Runs that somebody asks for, and runs and task instances that somebody deletes.

use std::collections::BTreeSet;

use tradewind_core::Timestamp;

use crate::models::{CreateOutcome, NewRun};
use crate::sql::{Statement, ids};
use crate::{Error, Store, Topic};

/// What became of a request for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerOutcome {
    /// Its run key.
    Created(i64),
    /// The DAG has a run with this id.
    RunIdExists,
    /// The DAG has a run with this logical date: the one with this id.
    LogicalDateExists(String),
}

static SAME_RUN_ID: Statement = Statement::new("SELECT COUNT(*) FROM dag_run WHERE dag_id = $1 AND run_id = $2");
static SAME_DATE: Statement = Statement::new("SELECT run_id FROM dag_run WHERE dag_id = $1 AND logical_date = $2");
static ALLOWED: Statement = Statement::new("SELECT allowed_run_types FROM dag WHERE dag_id = $1");
static DELETE_INBOX: Statement = Statement::new("DELETE FROM inbox WHERE run_key = $1");
static DELETE_RUN: Statement = Statement::new("DELETE FROM dag_run WHERE id = $1");

static DELETE_TIS: Statement = Statement::new("DELETE FROM task_instance WHERE id IN {ids} RETURNING run_key");

impl Store {
    /// Deletes task instances with their history; answers how many there were. What runs is ended by its worker.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_tis(&self, tis: &[i64]) -> Result<usize, Error> {
        let mut tx = self.begin().await?;
        let deleted = DELETE_TIS.bind(ids(tis.iter().copied())).all::<(i64,)>(&mut tx).await?;
        let count = deleted.len();
        let runs: BTreeSet<i64> = deleted.into_iter().map(|(run_key,)| run_key).collect();
        tx.runs_were_changed(&runs.into_iter().collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Creates a run and wakes a scheduler.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such DAG, [`Error::Invalid`] if it does not allow runs of this type; those of
    /// the database.
    pub async fn trigger_run(&self, run: NewRun) -> Result<TriggerOutcome, Error> {
        self.trigger_run_of(run, None).await
    }

    /// Creates a run of a partition and wakes a scheduler: its key, and the instant that it stands for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such DAG; those of the database.
    pub async fn trigger_run_of(
        &self,
        run: NewRun,
        partition: Option<(String, Option<Timestamp>)>,
    ) -> Result<TriggerOutcome, Error> {
        let (dag_id, run_id, logical_date) = (run.dag_id.clone(), run.run_id.clone(), run.logical_date);
        let mut tx = self.begin().await?;
        let Some((allowed,)) = ALLOWED.bind(&dag_id).optional::<(Vec<String>,)>(&mut tx).await? else {
            return Err(Error::NotFound(format!("there is no DAG '{dag_id}'")));
        };
        if !allowed.is_empty() && !allowed.iter().any(|one| one == run.run_type.as_str()) {
            return Err(Error::Invalid(format!(
                "DAG '{dag_id}' does not allow {} runs (allowed_run_types: {})",
                run.run_type,
                allowed.join(", ")
            )));
        }
        match tx.create_run(run).await? {
            CreateOutcome::Created(run_key) => {
                if let Some((key, date)) = partition {
                    tx.set_run_partition(run_key, Some(&key), date).await?;
                }
                tx.notify(Topic::Scheduler);
                tx.notify(Topic::Ui);
                tx.commit().await?;
                Ok(TriggerOutcome::Created(run_key))
            }
            CreateOutcome::Exists => {
                let same_id = SAME_RUN_ID.bind(&dag_id).bind(run_id).one::<(i64,)>(&mut tx).await?;
                let same_date = SAME_DATE.bind(dag_id).bind(logical_date).optional::<(String,)>(&mut tx).await?;
                Ok(match same_date {
                    Some((run_id,)) if same_id == (0,) => TriggerOutcome::LogicalDateExists(run_id),
                    _ => TriggerOutcome::RunIdExists,
                })
            }
        }
    }

    /// Deletes a run with everything in it; answers whether there was one. What runs is ended by its worker.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_run(&self, run_key: i64) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let deleted = DELETE_RUN.bind(run_key).run(&mut tx).await?;
        if deleted > 0 {
            DELETE_INBOX.bind(run_key).run(&mut tx).await?;
            // Whoever planned it finds that it is gone.
            tx.add_to_inbox([(run_key, None)]).await?;
            tx.notify(Topic::Scheduler);
            tx.notify(Topic::Ui);
        }
        tx.commit().await?;
        Ok(deleted > 0)
    }
}
