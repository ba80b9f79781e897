//! Ending tries.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use tradewind_core::asset::AssetUpdate;
use tradewind_core::{Deferral, TaskState, Timestamp, TryId};

use crate::callbacks::EndedTry;
use crate::row::row;
use crate::sql::{Batch, Bind, Rows, Statement};
use crate::waiting::Deferred;
use crate::{Error, NewAssetEvent, Tx};

/// A try is over.
#[derive(Clone, Debug)]
pub struct FinishTry {
    /// The try.
    pub try_id: TryId,
    /// `success`, `failed`, `skipped`, `up_for_retry`, `up_for_reschedule`, `deferred`, `awaiting_input`.
    /// `up_for_retry` means "failed; repeat it if tries are left", which is decided here.
    pub state: TaskState,
    /// When.
    pub at: Timestamp,
    /// For people.
    pub reason: Option<String>,
    /// XComs to store in the same transaction.
    pub xcoms: Map<String, Value>,
    /// `up_for_reschedule`: not before. `up_for_retry`: not before, if the caller knows; else the scheduler finds out.
    pub retry_at: Option<Timestamp>,
    /// Direct downstream tasks to skip.
    pub skip: Vec<String>,
    /// Length of the result, if something maps over it.
    pub map_length: Option<u32>,
    /// `deferred`, `awaiting_input`: what it waits for and how it goes on.
    pub deferral: Option<Box<Deferral>>,
    /// Peak resident memory.
    pub max_rss_kb: Option<i64>,
    /// User and system time.
    pub cpu_ms: Option<i64>,
    /// Assets that the try updated; they count if it succeeded.
    pub asset_updates: Vec<AssetUpdate>,
    /// The try's own process has run the task's callbacks and sent its mails; else that is seen to elsewhere.
    pub called_back: bool,
    /// Only if its last heartbeat is older than this: for those who think that the try is lost.
    pub silent_since: Option<Timestamp>,
}

/// Whether the end was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishOutcome {
    /// Now, or by the same report before.
    Recorded,
    /// The try is not running any more (cleared, marked, taken as lost), or not lost after all.
    Stale,
}

impl FinishTry {
    /// An end without anything besides.
    pub fn new(try_id: TryId, state: TaskState, at: Timestamp) -> Self {
        Self {
            try_id,
            state,
            at,
            reason: None,
            xcoms: Map::new(),
            retry_at: None,
            skip: Vec::new(),
            map_length: None,
            deferral: None,
            max_rss_kb: None,
            cpu_ms: None,
            asset_updates: Vec::new(),
            called_back: false,
            silent_since: None,
        }
    }

    /// `retry_at` of the row: of a try that waits for a trigger, when it waits no longer.
    fn not_before(&self) -> Option<Timestamp> {
        match (self.state, &self.deferral) {
            (TaskState::Deferred, Some(deferral)) => deferral.timeout.map(|timeout| self.at + timeout),
            (TaskState::AwaitingInput, _) => None,
            _ => self.retry_at,
        }
    }

    /// What is to be told of its end, as it was written.
    fn untold(&self, row: &Finished) -> Option<EndedTry> {
        Some(EndedTry {
            ti_id: row.ti_id,
            run_key: row.run_key,
            dag_id: row.dag_id.clone(),
            task_id: row.task_id.clone(),
            map_index: row.map_index,
            try_number: row.try_number,
            state: row.state?,
            dag_version_id: row.dag_version_id,
            start_date: row.start_date,
            end_date: self.at,
            hostname: row.hostname.clone(),
            reason: self.reason.clone(),
        })
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        use TaskState as S;
        match self.state {
            S::UpForReschedule if self.retry_at.is_none() => {
                Err(Error::Invalid("a try that ends as up_for_reschedule must say when to look again".into()))
            }
            _ if self.map_length.is_some_and(|length| i32::try_from(length).is_err()) => {
                Err(Error::Invalid("nothing can map over more than 2147483647 elements".into()))
            }
            S::Deferred | S::AwaitingInput if self.deferral.is_none() => {
                Err(Error::Invalid(format!("a try that ends as {} must say what it waits for", self.state)))
            }
            S::Success
            | S::Failed
            | S::Skipped
            | S::UpForRetry
            | S::UpForReschedule
            | S::Deferred
            | S::AwaitingInput => Ok(()),
            other => Err(Error::Invalid(format!("a try can't end as {other}"))),
        }
    }
}

const FINISHES: Batch = Batch(&[
    ("ti_id", "bigint"),
    ("this_try", "integer"),
    ("new_state", "text"),
    ("at", "bigint"),
    ("reason", "text"),
    ("retry_at", "bigint"),
    ("skip", "text"),
    ("map_length", "integer"),
    ("max_rss_kb", "bigint"),
    ("cpu_ms", "bigint"),
    ("silent_since", "bigint"),
]);
static FINISH: Statement = Statement::new(include_str!("finish.sql")).rows(FINISHES).reads::<Finished>();
/// The old try of an instance that was cleared while it ran, for the history.
static KEEP_RESTARTING: Statement = Statement::new(include_str!("keep_restarting.sql")).rows(FINISHES);
static RESTART: Statement = Statement::new(include_str!("restart.sql")).rows(FINISHES).reads::<Finished>();
/// Reports that were recorded before: the row, or the history, has their very end.
static RECORDED: Statement = Statement::new(
    "SELECT w.ti_id FROM {rows} AS w, task_instance AS t
     WHERE t.id = w.ti_id AND t.try_number = w.this_try AND w.at IN (t.end_date, t.reported_at)
     UNION
     SELECT w.ti_id FROM {rows} AS w, task_try AS t
     WHERE t.ti_id = w.ti_id AND t.try_number = w.this_try AND t.end_date = w.at",
)
.rows(FINISHES);

const XCOMS: Batch = Batch(&[
    ("run_key", "bigint"),
    ("task_id", "text"),
    ("map_index", "integer"),
    ("key", "text"),
    ("dag_id", "text"),
    ("created_at", "bigint"),
    ("value", "text"),
]);
static PUSH_XCOMS: Statement = Statement::new(
    "INSERT INTO xcom (run_key, task_id, map_index, key, dag_id, created_at, value)
     SELECT run_key, task_id, map_index, key, dag_id, created_at, value FROM {rows} AS w WHERE TRUE
     ON CONFLICT (run_key, task_id, map_index, key)
     DO UPDATE SET value = excluded.value, created_at = excluded.created_at",
)
.rows(XCOMS);

const INBOX: Batch = Batch(&[("run_key", "bigint"), ("ti_id", "bigint")]);
static INBOX_ADD: Statement =
    Statement::new("INSERT INTO inbox (run_key, ti_id) SELECT run_key, ti_id FROM {rows} AS w").rows(INBOX);

row! {
    struct Finished {
        ti_id: i64 = "task_instance.id",
        run_key: i64 = "task_instance.run_key",
        dag_id: String = "task_instance.dag_id",
        task_id: String = "task_instance.task_id",
        map_index: i32 = "task_instance.map_index",
        awaited: Option<String> = "CASE WHEN task_instance.state IN ('success', 'failed', 'skipped') AND EXISTS (\
            SELECT 1 FROM trigger AS a WHERE a.awaited_dag = task_instance.dag_id) THEN task_instance.dag_id END",
        try_number: i32 = "task_instance.try_number",
        state: Option<TaskState> = "task_instance.state",
        dag_version_id: Option<i64> = "task_instance.dag_version_id",
        start_date: Option<Timestamp> = "task_instance.start_date",
        hostname: Option<String> = "task_instance.hostname",
    }
}

impl Tx {
    /// Ends tries; answers in the same order.
    pub(crate) async fn finish_tries(&mut self, finishes: &[FinishTry]) -> Result<Vec<FinishOutcome>, Error> {
        if finishes.is_empty() {
            return Ok(Vec::new());
        }
        let now = crate::now();
        let finished = FINISH.bind(rows(finishes.iter())).bind(now).all::<Finished>(self).await?;
        let by_ti: HashMap<i64, &FinishTry> = finishes.iter().map(|finish| (finish.try_id.ti_id, finish)).collect();
        let untold: Vec<EndedTry> = finished
            .iter()
            .filter_map(|row| by_ti.get(&row.ti_id).filter(|finish| !finish.called_back)?.untold(row))
            .collect();
        self.tries_ended(&untold).await?;
        let mut xcoms = Rows::new(XCOMS);
        let mut deferred = Vec::new();
        for row in &finished {
            let Some(finish) = by_ti.get(&row.ti_id) else { continue };
            for (key, value) in &finish.xcoms {
                xcoms.push([
                    row.run_key.into(),
                    (&row.task_id).into(),
                    row.map_index.into(),
                    key.into(),
                    (&row.dag_id).into(),
                    finish.at.into(),
                    value.to_string().into(),
                ]);
            }
            if let Some(deferral) = &finish.deferral {
                deferred.push(Deferred { try_id: finish.try_id, run_key: row.run_key, at: finish.at, deferral });
            }
        }
        if xcoms.len() > 0 {
            PUSH_XCOMS.bind(xcoms).run(self).await?;
        }
        self.emit_updates(&finished, &by_ti).await?;
        self.defer(&deferred).await?;
        self.note_awaited(finished.iter().map(|row| row.awaited.clone())).await?;
        let mut recorded: HashSet<i64> = finished.iter().map(|row| row.ti_id).collect();
        let mut changed: Vec<(i64, i64)> = finished.iter().map(|row| (row.run_key, row.ti_id)).collect();

        let others = || finishes.iter().filter(|finish| !recorded.contains(&finish.try_id.ti_id));
        if recorded.len() < finishes.len() {
            // The worker has let go of a try that was cleared meanwhile: only now may the next one begin.
            KEEP_RESTARTING.bind(rows(others())).run(self).await?;
            let restarted = RESTART.bind(rows(others())).bind(now).all::<Finished>(self).await?;
            changed.extend(restarted.iter().map(|row| (row.run_key, row.ti_id)));
            if restarted.len() + recorded.len() < finishes.len() {
                let before = RECORDED.bind(rows(others())).all::<(i64,)>(self).await?;
                recorded.extend(before.into_iter().map(|(ti_id,)| ti_id));
                restarted.iter().for_each(|row| {
                    recorded.remove(&row.ti_id);
                });
            }
        }
        self.add_to_inbox(changed.into_iter().map(|(run_key, ti_id)| (run_key, Some(ti_id)))).await?;
        let outcome = |finish: &FinishTry| match recorded.contains(&finish.try_id.ti_id) {
            true => FinishOutcome::Recorded,
            false => FinishOutcome::Stale,
        };
        Ok(finishes.iter().map(outcome).collect())
    }

    /// Records what tries that have just ended well did to assets.
    async fn emit_updates(&mut self, finished: &[Finished], by_ti: &HashMap<i64, &FinishTry>) -> Result<(), Error> {
        let updating = || {
            finished.iter().filter_map(|row| {
                let finish = by_ti.get(&row.ti_id)?;
                (finish.state == TaskState::Success && !finish.asset_updates.is_empty()).then_some((row, finish))
            })
        };
        if updating().next().is_none() {
            return Ok(());
        }
        let run_keys = updating().map(|(row, _)| row.run_key);
        let runs = self.event_runs(run_keys).await?;
        let events: Vec<NewAssetEvent> = updating()
            .flat_map(|(row, finish)| finish.asset_updates.iter().map(move |update| (row, finish, update)))
            .filter_map(|(row, finish, update)| {
                let run = runs.get(&row.run_key)?;
                Some(run.event(update, &row.task_id, row.map_index, finish.at))
            })
            .collect();
        self.emit_asset_events(&events).await?;
        Ok(())
    }

    /// Stores XComs: run, task, map index, key, DAG, value.
    pub(crate) async fn push_xcoms(
        &mut self,
        pushed: &[(i64, &str, i32, &str, &str, &Value)],
        at: Timestamp,
    ) -> Result<(), Error> {
        if pushed.is_empty() {
            return Ok(());
        }
        let mut xcoms = Rows::new(XCOMS);
        for (run_key, task_id, map_index, key, dag_id, value) in pushed {
            xcoms.push([
                (*run_key).into(),
                (*task_id).into(),
                (*map_index).into(),
                (*key).into(),
                (*dag_id).into(),
                at.into(),
                value.to_string().into(),
            ]);
        }
        PUSH_XCOMS.bind(xcoms).run(self).await?;
        Ok(())
    }

    /// Tells the owners of runs to look again: at one task instance, or at all of the run.
    pub(crate) async fn add_to_inbox(
        &mut self,
        changed: impl IntoIterator<Item = (i64, Option<i64>)>,
    ) -> Result<(), Error> {
        let mut rows = Rows::new(INBOX);
        for (run_key, ti_id) in changed {
            rows.push([run_key.into(), ti_id.into()]);
        }
        if rows.len() > 0 {
            INBOX_ADD.bind(rows).run(self).await?;
        }
        Ok(())
    }
}

fn rows<'f>(finishes: impl Iterator<Item = &'f FinishTry>) -> Rows {
    let mut rows = Rows::new(FINISHES);
    for finish in finishes {
        let skip = (!finish.skip.is_empty()).then(|| Value::from(finish.skip.clone()).to_string());
        rows.push([
            finish.try_id.ti_id.into(),
            finish.try_id.try_number.into(),
            finish.state.into(),
            finish.at.into(),
            finish.reason.as_ref().into(),
            finish.not_before().into(),
            Bind::Text(skip),
            finish.map_length.into(),
            finish.max_rss_kb.into(),
            finish.cpu_ms.into(),
            finish.silent_since.into(),
        ]);
    }
    rows
}
