//! Consuming: what DAGs wait for, and runs that take their events off the queue.

use std::collections::HashMap;

use serde_json::Value;
use tradewind_core::Timestamp;
use tradewind_core::asset::{Arrived, AssetKey};
use tradewind_core::plan::{AssetPlan, AssetRun, QueuedEvent};

use crate::models::{CreateOutcome, NewRun};
use crate::row::row;
use crate::sql::{Batch, Rows, Statement, names};
use crate::{Error, Store, Tx};

row! {
    struct ConsumerColumns {
        dag_id: String,
        is_paused: bool,
        latest_version_id: Option<i64>,
        timetable: Value,
        allowed_run_types: Vec<String>,
    }
}

/// A DAG that waits for assets, and which have come.
#[derive(Clone, Debug)]
pub struct AssetConsumerRow {
    /// The DAG.
    pub dag_id: String,
    /// It gets no runs; its queue waits.
    pub is_paused: bool,
    /// Its newest version.
    pub latest_version_id: Option<i64>,
    /// Types of runs that it may have; empty: all.
    pub allowed_run_types: Vec<String>,
    /// A `core::timetable::TimetableSpec`.
    pub timetable: Value,
    /// Of what has come, as seen without a lock.
    pub pending: Arrived,
}

/// What became of a run that was to consume events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetRunOutcome {
    /// Keys of the runs that were created.
    pub created: Vec<i64>,
}

static CONSUMERS: Statement = Statement::new(
    "SELECT {columns} FROM dag WHERE dag_id IN {names} AND NOT is_stale AND NOT has_import_errors ORDER BY dag_id",
)
.reads::<ConsumerColumns>();
static PENDING: Statement = Statement::new(
    "SELECT q.dag_id, a.name, a.uri
     FROM (SELECT DISTINCT dag_id, asset_id FROM asset_queue WHERE dag_id IN {names}) AS q
     JOIN asset AS a ON a.id = q.asset_id",
);
static ALIASES: Statement = Statement::new(
    "SELECT r.dag_id, l.name, a.name, a.uri FROM asset_alias_reference AS r
     JOIN asset_alias AS l ON l.id = r.alias_id
     JOIN asset_alias_asset AS m ON m.alias_id = r.alias_id
     JOIN asset AS a ON a.id = m.asset_id
     WHERE r.dag_id IN {names} AND r.kind = 'schedule'",
);

row! {
    struct QueueColumns {
        event_id: i64 = "q.event_id",
        run_key: String = "q.partition_key",
        name: String = "a.name",
        uri: String = "a.uri",
        at: Timestamp = "e.at",
        partition_key: Option<String> = "e.partition_key",
        partition_date: Option<Timestamp> = "e.partition_date",
    }
}

/// Locked on Postgres, so that two schedulers do not consume the same; SQLite has one writer.
static LOCK_QUEUE: Statement = Statement::new(
    "SELECT {columns} FROM asset_queue AS q
     JOIN asset_event AS e ON e.id = q.event_id
     JOIN asset AS a ON a.id = q.asset_id
     WHERE q.dag_id = $1
     ORDER BY q.event_id, q.partition_key
     FOR UPDATE OF q -- pg",
)
.reads::<QueueColumns>();

const QUEUED: Batch = Batch(&[("event_id", "bigint"), ("partition_key", "text")]);
static TAKE: Statement = Statement::new(
    "DELETE FROM asset_queue WHERE dag_id = $2 AND EXISTS (SELECT 1 FROM {rows} AS w
        WHERE w.event_id = asset_queue.event_id AND w.partition_key = asset_queue.partition_key)",
)
.rows(QUEUED);
static PUT: Statement = Statement::new(
    "INSERT INTO asset_queue (dag_id, event_id, partition_key, asset_id)
     SELECT $2, w.event_id, w.partition_key, e.asset_id FROM {rows} AS w JOIN asset_event AS e ON e.id = w.event_id
     WHERE TRUE
     ON CONFLICT DO NOTHING",
)
.rows(QUEUED);
const CONSUMED: Batch = Batch(&[("event_id", "bigint")]);
static CONSUME: Statement = Statement::new(
    "INSERT INTO dag_run_asset_event (run_key, event_id) SELECT $2, event_id FROM {rows} AS w WHERE TRUE
     ON CONFLICT DO NOTHING",
)
.rows(CONSUMED);
static SET_PARTITION: Statement =
    Statement::new("UPDATE dag_run SET partition_key = $2, partition_date = $3 WHERE id = $1");

impl Store {
    /// These DAGs, as far as they are there, with what has come for them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn asset_consumers(&self, dag_ids: &[String]) -> Result<Vec<AssetConsumerRow>, Error> {
        let mut reader = self.db().reader().await?;
        let rows = CONSUMERS.bind(names(dag_ids)).all::<ConsumerColumns>(&mut reader).await?;
        let mut pending: HashMap<String, Arrived> = HashMap::new();
        for (dag_id, name, uri) in PENDING.bind(names(dag_ids)).all::<(String, String, String)>(&mut reader).await? {
            pending.entry(dag_id).or_default().assets.insert(AssetKey { name, uri });
        }
        type Member = (String, String, String, String);
        for (dag_id, alias, name, uri) in ALIASES.bind(names(dag_ids)).all::<Member>(&mut reader).await? {
            let aliases = &mut pending.entry(dag_id).or_default().aliases;
            aliases.entry(alias).or_default().insert(AssetKey { name, uri });
        }
        Ok(rows
            .into_iter()
            .map(|row| AssetConsumerRow {
                pending: pending.remove(&row.dag_id).unwrap_or_default(),
                dag_id: row.dag_id,
                is_paused: row.is_paused,
                latest_version_id: row.latest_version_id,
                allowed_run_types: row.allowed_run_types,
                timetable: row.timetable,
            })
            .collect())
    }
}

impl Tx {
    /// What a DAG has not consumed. Nobody else takes it off the queue until this transaction is over; what comes
    /// meanwhile comes with a wake-up of its own.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lock_asset_queue(&mut self, dag_id: &str) -> Result<Vec<QueuedEvent>, Error> {
        let rows = LOCK_QUEUE.bind(dag_id).all::<QueueColumns>(self).await?;
        Ok(rows
            .into_iter()
            .map(|row| QueuedEvent {
                event_id: row.event_id,
                asset: AssetKey { name: row.name, uri: row.uri },
                at: row.at,
                partition_key: row.partition_key,
                partition_date: row.partition_date,
                run_key: Some(row.run_key).filter(|key| !key.is_empty()),
            })
            .collect())
    }

    /// Does what a plan says about the queue that was locked: creates the runs, each with what it consumes, and puts
    /// back what is for runs to come. `new_run` fills in the rest of a run's row.
    ///
    /// # Errors
    /// Those of the database; nothing of this transaction must last then.
    pub async fn consume_assets(
        &mut self,
        dag_id: &str,
        plan: &AssetPlan,
        new_run: impl Fn(&AssetRun) -> NewRun,
    ) -> Result<AssetRunOutcome, Error> {
        let mut outcome = AssetRunOutcome::default();
        let (mut take, mut put) = (Rows::new(QUEUED), Rows::new(QUEUED));
        let event_of = |event_id: &i64, key: &str| [(*event_id).into(), key.into()];
        for (event_id, keys) in &plan.mapped {
            take.push(event_of(event_id, ""));
            for key in keys {
                put.push(event_of(event_id, key));
            }
        }
        for (event_id, _) in &plan.refused {
            take.push(event_of(event_id, ""));
        }
        for run in &plan.runs {
            let run_key = match self.create_run(new_run(run)).await? {
                CreateOutcome::Created(run_key) => run_key,
                // Only if somebody triggered a run of that very name: the events wait for the next one.
                CreateOutcome::Exists => {
                    if let Some(key) = &run.partition_key {
                        run.events.iter().for_each(|event_id| put.push(event_of(event_id, key)));
                    }
                    continue;
                }
            };
            let key = run.partition_key.as_deref();
            self.set_run_partition(run_key, key, run.partition_date).await?;
            let mut consumed = Rows::new(CONSUMED);
            for event_id in &run.events {
                take.push(event_of(event_id, key.unwrap_or_default()));
                consumed.push([(*event_id).into()]);
            }
            CONSUME.bind(consumed).bind(run_key).run(self).await?;
            outcome.created.push(run_key);
        }
        if take.len() > 0 {
            TAKE.bind(take).bind(dag_id).run(self).await?;
        }
        if put.len() > 0 {
            PUT.bind(put).bind(dag_id).run(self).await?;
        }
        Ok(outcome)
    }

    /// Says which partition a run is about.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_run_partition(
        &mut self,
        run_key: i64,
        partition_key: Option<&str>,
        partition_date: Option<Timestamp>,
    ) -> Result<(), Error> {
        if partition_key.is_some() || partition_date.is_some() {
            SET_PARTITION.bind(run_key).bind(partition_key).bind(partition_date).run(self).await?;
        }
        Ok(())
    }
}
