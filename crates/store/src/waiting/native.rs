//! Triggers that need no Python: instants, and runs or tasks of other DAGs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tradewind_core::waiting::{AwaitedRun, ExternalWait};
use tradewind_core::{Ends, RunState, TaskState, Timestamp};

use crate::row::row;
use crate::sql::{Statement, ids, names};
use crate::{Error, Store, Tx};

/// A trigger whose instant has come.
#[derive(Clone, Debug)]
pub struct DueTrigger {
    /// The trigger.
    pub id: i64,
    /// `time` or `input`.
    pub kind: String,
    /// Path of its class.
    pub classpath: String,
    /// Arguments, encoded as XComs are.
    pub kwargs: Map<String, Value>,
    /// The task instance that waits, and its try.
    pub ti: (i64, i32),
    /// How the task ends without a process, if it can.
    pub ends: Option<Ends>,
}

/// A trigger that waits for runs or tasks.
#[derive(Clone, Debug)]
pub struct ExternalTrigger {
    /// The trigger.
    pub id: i64,
    /// Path of its class.
    pub classpath: String,
    /// Arguments, encoded as XComs are.
    pub kwargs: Map<String, Value>,
    /// How the task ends without a process, if it can.
    pub ends: Option<Ends>,
}

row! {
    struct Row {
        id: i64 = "g.id",
        kind: String = "g.kind",
        classpath: String = "g.classpath",
        kwargs: String = "g.kwargs",
        ti_id: i64 = "g.ti_id",
        try_number: i32 = "g.try_number",
        ends: Option<Value> = "d.ends",
    }
}

static DUE: Statement = Statement::new(
    "SELECT {columns} FROM trigger AS g LEFT JOIN deferral AS d ON d.ti_id = g.ti_id AND d.try_number = g.try_number
     WHERE g.due_at IS NOT NULL AND g.due_at <= $1 ORDER BY g.due_at, g.id LIMIT $2",
)
.reads::<Row>();
static NEXT_DUE: Statement = Statement::new("SELECT MIN(due_at) FROM trigger WHERE due_at IS NOT NULL");
static TAKE_CHANGES: Statement = Statement::new("DELETE FROM awaited_change RETURNING dag_id");
static CHANGED: Statement = Statement::new("SELECT id FROM awaited_change LIMIT 1");
static NEW: Statement = Statement::new("SELECT id FROM trigger WHERE awaited_dag IS NOT NULL AND is_new LIMIT 1");
static TAKE_NEW: Statement =
    Statement::new("UPDATE trigger SET is_new = FALSE WHERE awaited_dag IS NOT NULL AND is_new RETURNING id");
static EXTERNAL: Statement = Statement::new(
    "SELECT {columns} FROM trigger AS g LEFT JOIN deferral AS d ON d.ti_id = g.ti_id AND d.try_number = g.try_number
     WHERE g.awaited_dag IS NOT NULL AND (g.id IN {ids} OR g.awaited_dag IN {names:2}) ORDER BY g.id",
)
.reads::<Row>();
static AWAITED: Statement =
    Statement::new("SELECT DISTINCT awaited_dag FROM trigger WHERE awaited_dag IS NOT NULL ORDER BY awaited_dag");
static RUNS: Statement = Statement::new(
    "SELECT id, run_id, logical_date, state FROM dag_run
     WHERE dag_id = $3 AND (run_id IN {names} OR logical_date IN {ids:2}) ORDER BY id",
);
static TASKS: Statement = Statement::new(
    "SELECT run_key, task_id, state FROM task_instance WHERE run_key IN {ids} AND task_id IN {names:2} ORDER BY id",
);
static LATEST_VERSION: Statement = Statement::new("SELECT latest_version_id FROM dag WHERE dag_id = $1");

impl Store {
    /// Triggers whose instant has come, at most so many, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn due_triggers(&self, now: Timestamp, limit: u32) -> Result<Vec<DueTrigger>, Error> {
        let rows = DUE.bind(now).bind(limit).all::<Row>(&mut self.db().reader().await?).await?;
        rows.into_iter()
            .map(|row| {
                let kwargs = super::lease::opened(self.fernet(), &row.kwargs)?;
                let (ti, ends) = ((row.ti_id, row.try_number), ends(row.ends)?);
                Ok(DueTrigger { id: row.id, kind: row.kind, classpath: row.classpath, kwargs, ti, ends })
            })
            .collect()
    }

    /// The instant of the next one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_due_trigger(&self) -> Result<Option<Timestamp>, Error> {
        let (next,) = NEXT_DUE.query().one::<(Option<Timestamp>,)>(&mut self.db().reader().await?).await?;
        Ok(next)
    }

    /// Whether triggers that wait for runs or tasks need a look.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn external_triggers_changed(&self) -> Result<bool, Error> {
        let mut reader = self.db().reader().await?;
        Ok(CHANGED.query().optional::<(i64,)>(&mut reader).await?.is_some()
            || NEW.query().optional::<(i64,)>(&mut reader).await?.is_some())
    }

    /// The runs of a DAG that a trigger names, with their instances of these tasks.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn awaited_runs(&self, wait: &ExternalWait, tasks: &[String]) -> Result<Vec<AwaitedRun>, Error> {
        type Run = (i64, String, Option<Timestamp>, RunState);
        let mut reader = self.db().reader().await?;
        let dates = ids(wait.logical_dates.iter().map(|date| date.as_micros()));
        let query = RUNS.bind(names(&wait.run_ids)).bind(dates).bind(&wait.dag_id);
        let runs = query.all::<Run>(&mut reader).await?;
        let mut found: Vec<(i64, AwaitedRun)> = runs
            .into_iter()
            .map(|(key, run_id, logical_date, state)| {
                (key, AwaitedRun { run_id, logical_date, state, tasks: Vec::new() })
            })
            .collect();
        if !tasks.is_empty() {
            let keys = ids(found.iter().map(|(key, _)| *key));
            let rows = TASKS.bind(keys).bind(names(tasks)).all::<(i64, String, Option<TaskState>)>(&mut reader).await?;
            for (run_key, task_id, state) in rows {
                if let Some((_, run)) = found.iter_mut().find(|(key, _)| *key == run_key) {
                    run.tasks.push((task_id, state));
                }
            }
        }
        Ok(found.into_iter().map(|(_, run)| run).collect())
    }

    /// The newest version of a DAG, if there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn latest_version_of(&self, dag_id: &str) -> Result<Option<i64>, Error> {
        let query = LATEST_VERSION.bind(dag_id);
        Ok(query.optional::<(Option<i64>,)>(&mut self.db().reader().await?).await?.and_then(|(version,)| version))
    }
}

impl Tx {
    /// Triggers that need a look: new ones, and those of DAGs in which something ended. With `all`, every one: the
    /// safety net, also for states that no event tells of. They count as looked at once this is committed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_external_triggers(&mut self, all: bool) -> Result<Vec<ExternalTrigger>, Error> {
        let changed = TAKE_CHANGES.query().all::<(String,)>(self).await?;
        let mut dags: BTreeSet<String> = changed.into_iter().map(|(dag_id,)| dag_id).collect();
        let new = TAKE_NEW.query().all::<(i64,)>(self).await?;
        if all {
            dags.extend(AWAITED.query().all::<(String,)>(self).await?.into_iter().map(|(dag_id,)| dag_id));
        }
        if dags.is_empty() && new.is_empty() {
            return Ok(Vec::new());
        }
        let rows = EXTERNAL.bind(ids(new.into_iter().map(|(id,)| id))).bind(names(&dags)).all::<Row>(self).await?;
        rows.into_iter()
            .map(|row| {
                let kwargs = super::lease::opened(self.fernet(), &row.kwargs)?;
                Ok(ExternalTrigger { id: row.id, classpath: row.classpath, kwargs, ends: ends(row.ends)? })
            })
            .collect()
    }
}

fn ends(ends: Option<Value>) -> Result<Option<Ends>, Error> {
    ends.map(serde_json::from_value)
        .transpose()
        .map_err(|error| Error::Corrupt(format!("how a waiting task ends can't be read: {error}")))
}
