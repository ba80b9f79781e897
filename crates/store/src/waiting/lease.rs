//! Triggerers share the triggers that need Python: each holds a lease on some, and a dead one's go to the others.

use std::collections::HashMap;

use serde_json::{Map, Value};
use tradewind_core::asset::AssetKey;
use tradewind_core::{TaskState, Timestamp};

use crate::fernet::Fernet;
use crate::row::row;
use crate::sql::{Statement, ids, names};
use crate::{Error, Store};

/// A trigger that a triggerer should run.
#[derive(Clone, Debug, PartialEq)]
pub struct LeasedTrigger {
    /// The database's number.
    pub id: i64,
    /// Path of its class.
    pub classpath: String,
    /// Arguments, encoded as XComs are.
    pub kwargs: Map<String, Value>,
    /// Whose it is.
    pub owner: TriggerOwner,
    /// The bundle of the DAG file that it comes from; its modules are there.
    pub bundle: Option<String>,
}

/// Who waits for a trigger.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerOwner {
    /// A try.
    Try {
        /// `task_instance.id`
        ti_id: i64,
        /// Number of the try.
        try_number: i32,
        /// Its DAG.
        dag_id: String,
        /// Its run.
        run_id: String,
        /// Its task.
        task_id: String,
        /// -1 when not mapped.
        map_index: i32,
    },
    /// A watcher, for every event.
    Watcher {
        /// The assets that it watches.
        assets: Vec<AssetKey>,
    },
}

row! {
    struct Row {
        id: i64 = "g.id",
        classpath: String = "g.classpath",
        kwargs: String = "g.kwargs",
        watcher: Option<String> = "g.watcher",
        ti_id: Option<i64> = "g.ti_id",
        try_number: Option<i32> = "g.try_number",
        dag_id: Option<String> = "t.dag_id",
        task_id: Option<String> = "t.task_id",
        map_index: Option<i32> = "t.map_index",
        run_id: Option<String> = "r.run_id",
        bundle: Option<String> = "COALESCE(d.bundle_name, (SELECT MIN(x.bundle_name) FROM asset_watcher AS w
            JOIN dag AS x ON x.dag_id = w.dag_id WHERE w.watcher = g.watcher AND NOT x.is_stale))",
    }
}

/// Free: nobody's, or of a triggerer that is over or was not heard of.
static CLAIM: Statement = Statement::new(
    "UPDATE trigger SET triggerer_id = $2
     WHERE id IN (SELECT g.id FROM trigger AS g
        WHERE g.kind = 'python' AND (g.triggerer_id IS NULL OR NOT EXISTS (SELECT 1 FROM job AS j
            WHERE j.id = g.triggerer_id AND j.state = 'running' AND j.heartbeat_at >= $3))
            AND (g.queue IN {names} OR (g.queue IS NULL AND $5))
        ORDER BY g.id LIMIT $4
        FOR UPDATE SKIP LOCKED -- pg
     )",
);
/// Most of the time there is nothing to claim: a look that takes no lock says so.
static FREE: Statement = Statement::new(
    "SELECT g.id FROM trigger AS g
     WHERE g.kind = 'python' AND (g.triggerer_id IS NULL OR NOT EXISTS (SELECT 1 FROM job AS j
        WHERE j.id = g.triggerer_id AND j.state = 'running' AND j.heartbeat_at >= $2))
        AND (g.queue IN {names} OR (g.queue IS NULL AND $3))
     LIMIT 1",
);
static LEASED: Statement =
    Statement::new("SELECT id FROM trigger WHERE kind = 'python' AND triggerer_id = $1 ORDER BY id");
static LOAD: Statement = Statement::new(
    "SELECT {columns} FROM trigger AS g LEFT JOIN task_instance AS t ON t.id = g.ti_id
     LEFT JOIN dag_run AS r ON r.id = g.run_key LEFT JOIN dag AS d ON d.dag_id = t.dag_id
     WHERE g.id IN {ids} ORDER BY g.id",
)
.reads::<Row>();
static RELEASE: Statement = Statement::new("UPDATE trigger SET triggerer_id = NULL WHERE triggerer_id = $1");
static STANDING: Statement =
    Statement::new("SELECT t.id, t.try_number, t.state FROM task_instance AS t WHERE t.id IN {ids}");

impl Store {
    /// Takes at most so many free triggers for this triggerer; answers all that it holds now, by number. With `queues`
    /// it takes those of these queues, without those of none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lease_triggers(
        &self,
        triggerer: i64,
        queues: &[String],
        live_since: Timestamp,
        room: u32,
    ) -> Result<Vec<i64>, Error> {
        let of_none = queues.is_empty();
        let mut reader = self.db().reader().await?;
        let free = room > 0
            && FREE.bind(names(queues)).bind(live_since).bind(of_none).optional::<(i64,)>(&mut reader).await?.is_some();
        drop(reader);
        if free {
            let mut tx = self.begin().await?;
            CLAIM.bind(names(queues)).bind(triggerer).bind(live_since).bind(room).bind(of_none).run(&mut tx).await?;
            tx.commit().await?;
        }
        let held = LEASED.bind(triggerer).all::<(i64,)>(&mut self.db().reader().await?).await?;
        Ok(held.into_iter().map(|(id,)| id).collect())
    }

    /// Triggers by number, with what is needed to run them. Those that are gone are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load_triggers(&self, trigger_ids: &[i64]) -> Result<Vec<LeasedTrigger>, Error> {
        let rows = LOAD.bind(ids(trigger_ids.iter().copied())).all::<Row>(&mut self.db().reader().await?).await?;
        let watchers: Vec<&String> = rows.iter().filter_map(|row| row.watcher.as_ref()).collect();
        let mut watched = self.watched_assets(&watchers).await?;
        rows.into_iter().map(|row| row.leased(self.fernet(), &mut watched)).collect()
    }

    /// Gives back everything that this triggerer holds, when it goes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release_triggers(&self, triggerer: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if RELEASE.bind(triggerer).run(&mut tx).await? > 0 {
            tx.notify(crate::Topic::Triggers);
        }
        tx.commit().await
    }

    /// Where task instances stand: number of the try and state.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ti_standings(&self, ti_ids: &[i64]) -> Result<HashMap<i64, (i32, Option<TaskState>)>, Error> {
        type Standing = (i64, i32, Option<TaskState>);
        let query = STANDING.bind(ids(ti_ids.iter().copied()));
        let rows = query.all::<Standing>(&mut self.db().reader().await?).await?;
        Ok(rows.into_iter().map(|(ti_id, try_number, state)| (ti_id, (try_number, state))).collect())
    }
}

impl Row {
    fn leased(self, fernet: &Fernet, watched: &mut HashMap<String, Vec<AssetKey>>) -> Result<LeasedTrigger, Error> {
        let owner = match (self.watcher, self.ti_id) {
            (Some(watcher), _) => TriggerOwner::Watcher { assets: watched.remove(&watcher).unwrap_or_default() },
            (None, ti_id) => TriggerOwner::Try {
                ti_id: ti_id.unwrap_or_default(),
                try_number: self.try_number.unwrap_or_default(),
                dag_id: self.dag_id.unwrap_or_default(),
                run_id: self.run_id.unwrap_or_default(),
                task_id: self.task_id.unwrap_or_default(),
                map_index: self.map_index.unwrap_or(-1),
            },
        };
        Ok(LeasedTrigger {
            id: self.id,
            classpath: self.classpath,
            kwargs: opened(fernet, &self.kwargs)?,
            owner,
            bundle: self.bundle,
        })
    }
}

/// Arguments as they were before they were sealed; without a key they are kept as they are.
pub(super) fn opened(fernet: &Fernet, kwargs: &str) -> Result<Map<String, Value>, Error> {
    let text = if kwargs.starts_with('{') { kwargs.to_owned() } else { fernet.decrypt(kwargs)? };
    serde_json::from_str(&text).map_err(|error| Error::Corrupt(format!("a trigger's arguments are no JSON: {error}")))
}
