//! Triggers that fire: each wakes (or ends) the try that waits for it, once.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use tradewind_core::asset::AssetUpdate;
use tradewind_core::{TaskState, Timestamp, WaitOutcome};

use crate::callbacks::EndedTry;
use crate::row::row;
use crate::sql::{Batch, Rows, Statement, ids};
use crate::{Error, Store, Topic, Tx};

/// A trigger has something to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// The trigger.
    pub trigger_id: i64,
    /// The triggerer that runs it; `None` for triggers that none runs. Another one's word does not count.
    pub triggerer: Option<i64>,
    /// What it says.
    pub outcome: WaitOutcome,
}

row! {
    struct Owner {
        id: i64,
        ti_id: Option<i64>,
        try_number: Option<i32>,
        watcher: Option<String>,
        triggerer_id: Option<i64>,
    }
}

static OWNERS: Statement = Statement::new("SELECT {columns} FROM trigger WHERE id IN {ids}").reads::<Owner>();

const WAKES: Batch = Batch(&[
    ("ti_id", "bigint"),
    ("this_try", "integer"),
    ("new_state", "text"),
    ("at", "bigint"),
    ("reason", "text"),
    ("outcome", "text"),
]);
static WAKE: Statement = Statement::new(include_str!("wake.sql")).rows(WAKES).reads::<Woken>();
static OUTCOMES: Statement = Statement::new(
    "UPDATE deferral SET outcome = w.outcome FROM {rows} AS w
     WHERE deferral.ti_id = w.ti_id AND deferral.try_number = w.this_try",
)
.rows(WAKES);

static UPDATES: Statement = Statement::new(
    "SELECT ti_id, asset_updates FROM deferral WHERE ti_id IN {ids} AND asset_updates IS NOT NULL ORDER BY ti_id",
);

row! {
    struct Woken {
        ti_id: i64 = "task_instance.id",
        run_key: i64 = "task_instance.run_key",
        dag_id: String = "task_instance.dag_id",
        task_id: String = "task_instance.task_id",
        map_index: i32 = "task_instance.map_index",
        awaited: Option<String> = "CASE WHEN task_instance.state <> 'scheduled' AND EXISTS (SELECT 1 FROM trigger AS a \
            WHERE a.awaited_dag = task_instance.dag_id) THEN task_instance.dag_id END",
        try_number: i32 = "task_instance.try_number",
        state: Option<TaskState> = "task_instance.state",
        dag_version_id: Option<i64> = "task_instance.dag_version_id",
        start_date: Option<Timestamp> = "task_instance.start_date",
        hostname: Option<String> = "task_instance.hostname",
        reason: Option<String> = "task_instance.reason",
    }
}

impl Woken {
    /// The end of its try, if it does not go on.
    fn ended(&self, at: Timestamp) -> Option<EndedTry> {
        let state = self.state.filter(|state| *state != TaskState::Scheduled)?;
        Some(EndedTry {
            ti_id: self.ti_id,
            run_key: self.run_key,
            dag_id: self.dag_id.clone(),
            task_id: self.task_id.clone(),
            map_index: self.map_index,
            try_number: self.try_number,
            state,
            dag_version_id: self.dag_version_id,
            start_date: self.start_date,
            end_date: at,
            hostname: self.hostname.clone(),
            reason: self.reason.clone(),
        })
    }
}

impl Store {
    /// Takes in what triggers say; answers which of it counted. What comes too late (its try was cleared, marked, woken
    /// by something else) is forgotten.
    ///
    /// # Errors
    /// Those of the database; then nothing of it counted, as far as is known, and it may be said again.
    pub async fn fire_triggers(&self, firings: &[Firing], at: Timestamp) -> Result<Vec<bool>, Error> {
        if firings.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let counted = tx.fire_triggers(firings, at).await?;
        tx.commit().await?;
        Ok(counted)
    }
}

impl Tx {
    /// See [`Store::fire_triggers`].
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fire_triggers(&mut self, firings: &[Firing], at: Timestamp) -> Result<Vec<bool>, Error> {
        let owners = OWNERS.bind(ids(firings.iter().map(|firing| firing.trigger_id))).all::<Owner>(self).await?;
        let owners: HashMap<i64, Owner> = owners.into_iter().map(|owner| (owner.id, owner)).collect();
        let mut said: HashMap<i64, &WaitOutcome> = HashMap::new();
        let mut wakes = Rows::new(WAKES);
        let mut events: Vec<(&str, &Value)> = Vec::new();
        let mut watched: HashSet<usize> = HashSet::new();
        for (index, firing) in firings.iter().enumerate() {
            let Some(owner) = owners.get(&firing.trigger_id) else { continue };
            if firing.triggerer.is_some() && firing.triggerer != owner.triggerer_id {
                continue;
            }
            if let Some(watcher) = &owner.watcher {
                if let WaitOutcome::Event { payload } = &firing.outcome {
                    events.push((watcher, payload));
                    watched.insert(index);
                }
                continue;
            }
            let (Some(ti_id), Some(this_try)) = (owner.ti_id, owner.try_number) else { continue };
            // The first word of a trigger is the one that counts.
            if said.contains_key(&ti_id) {
                continue;
            }
            said.insert(ti_id, &firing.outcome);
            let (state, reason) = match &firing.outcome {
                WaitOutcome::Event { .. } | WaitOutcome::Failure { .. } => (TaskState::Scheduled, None),
                WaitOutcome::End { state, reason, .. } => (ended_as(*state)?, reason.clone()),
            };
            let outcome = serde_json::to_string(&firing.outcome).unwrap_or_default();
            wakes.push([ti_id.into(), this_try.into(), state.into(), at.into(), reason.into(), outcome.into()]);
        }
        self.emit_watcher_events(&events, at).await?;
        let woken = if wakes.len() > 0 { self.wake(wakes, &said, at).await? } else { HashSet::new() };
        let counted = |(index, firing): (usize, &Firing)| {
            let owner = owners.get(&firing.trigger_id);
            watched.contains(&index)
                || owner.and_then(|owner| owner.ti_id).is_some_and(|ti_id| {
                    woken.contains(&ti_id) && said.get(&ti_id).is_some_and(|said| std::ptr::eq(*said, &firing.outcome))
                })
        };
        Ok(firings.iter().enumerate().map(counted).collect())
    }

    async fn wake(
        &mut self,
        wakes: Rows,
        said: &HashMap<i64, &WaitOutcome>,
        at: Timestamp,
    ) -> Result<HashSet<i64>, Error> {
        let rows: crate::sql::Bind = wakes.into();
        let woken = WAKE.bind(rows.clone()).bind(at).all::<Woken>(self).await?;
        OUTCOMES.bind(rows).run(self).await?;
        self.drop_triggers_of(said.keys().copied()).await?;
        let mut xcoms = Vec::new();
        for row in &woken {
            if let Some(WaitOutcome::End { xcoms: pushed, .. }) = said.get(&row.ti_id) {
                for (key, value) in pushed {
                    xcoms.push((
                        row.run_key,
                        row.task_id.as_str(),
                        row.map_index,
                        key.as_str(),
                        row.dag_id.as_str(),
                        value,
                    ));
                }
            }
        }
        self.push_xcoms(&xcoms, at).await?;
        // Nobody runs Python for a task that ends by its trigger: whoever is to be told is told from the DAG files.
        let ended: Vec<EndedTry> = woken.iter().filter_map(|row| row.ended(at)).collect();
        self.tries_ended(&ended).await?;
        self.emit_of_ended(&ended).await?;
        self.add_to_inbox(woken.iter().map(|row| (row.run_key, Some(row.ti_id)))).await?;
        self.note_awaited(woken.iter().map(|row| row.awaited.clone())).await?;
        if !woken.is_empty() {
            self.notify(Topic::Scheduler);
            self.notify(Topic::Ui);
        }
        Ok(woken.into_iter().map(|row| row.ti_id).collect())
    }
}

impl Tx {
    /// What tasks do to assets that end well by their triggers.
    async fn emit_of_ended(&mut self, ended: &[EndedTry]) -> Result<(), Error> {
        let well: HashMap<i64, &EndedTry> =
            ended.iter().filter(|one| one.state == TaskState::Success).map(|one| (one.ti_id, one)).collect();
        if well.is_empty() {
            return Ok(());
        }
        let rows = UPDATES.bind(ids(well.keys().copied())).all::<(i64, Value)>(self).await?;
        let runs = self.event_runs(rows.iter().filter_map(|(ti_id, _)| Some(well.get(ti_id)?.run_key))).await?;
        let mut events = Vec::new();
        for (ti_id, updates) in rows {
            let updates: Vec<AssetUpdate> = serde_json::from_value(updates).map_err(|error| {
                Error::Corrupt(format!("what task instance {ti_id} does to assets can't be read: {error}"))
            })?;
            let Some((one, run)) = well.get(&ti_id).and_then(|one| Some((one, runs.get(&one.run_key)?))) else {
                continue;
            };
            events.extend(updates.iter().map(|update| run.event(update, &one.task_id, one.map_index, one.end_date)));
        }
        self.emit_asset_events(&events).await?;
        self.tell_of_asset_events(&events).await
    }
}

fn ended_as(state: TaskState) -> Result<TaskState, Error> {
    match state {
        TaskState::Success | TaskState::Failed | TaskState::Skipped | TaskState::UpForRetry => Ok(state),
        other => Err(Error::Invalid(format!("a try that waits can't end as {other}"))),
    }
}
