//! The rows of the model.

use tradewind_core::asset::{AssetExpr, AssetKey};
use tradewind_core::plan::LaneKey;
use tradewind_core::timetable::NextRun;
use tradewind_core::{RunState, TaskState, Timestamp};

/// A DAG.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DagRow {
    /// Nothing of it starts.
    pub paused: bool,
    /// What its schedule asks for next, as far as that was worked out.
    pub next: Option<NextRun>,
    /// It waits for these assets.
    pub assets: Option<AssetExpr>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// A scheduler; else a worker.
    pub scheduler: bool,
    /// Not ended.
    pub running: bool,
    /// Last sign of life.
    pub heartbeat_at: Timestamp,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its key.
    pub id: i64,
    /// Its DAG.
    pub dag_id: String,
    /// Unique within the DAG.
    pub run_id: String,
    /// Unique within the DAG, if there is one.
    pub logical_date: Option<Timestamp>,
    /// Made by its DAG's schedule, or for a date of it.
    pub scheduled: bool,
    /// Its backfill, and its place in there.
    pub backfill: Option<(i64, i32)>,
    /// Not before.
    pub run_after: Timestamp,
    /// Where it stands.
    pub state: RunState,
    /// When it began.
    pub start_date: Option<Timestamp>,
    /// When it ended.
    pub end_date: Option<Timestamp>,
    /// The scheduler that plans it.
    pub owner: Option<i64>,
    /// Raised by everybody who changes task instances of it behind its scheduler's back.
    pub fence: i64,
    /// How often it was cleared.
    pub clear_number: i32,
}

impl RunRow {
    /// The limit that it is under.
    pub fn lane(&self) -> LaneKey {
        LaneKey { dag_id: self.dag_id.clone(), backfill: self.backfill.map(|(id, _)| id) }
    }
}

/// A task instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiRow {
    /// Its number.
    pub id: i64,
    /// Its run.
    pub run_key: i64,
    /// Its task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
    /// Where it stands.
    pub state: Option<TaskState>,
    /// Raised by every write but heartbeats.
    pub fence: i64,
    /// See the store's row of the same name.
    pub try_number: i32,
    /// See the store's row.
    pub max_tries: i32,
    /// See the store's row.
    pub scheduled_at: Option<Timestamp>,
    /// See the store's row.
    pub queued_at: Option<Timestamp>,
    /// See the store's row.
    pub start_date: Option<Timestamp>,
    /// See the store's row.
    pub end_date: Option<Timestamp>,
    /// See the store's row.
    pub retry_at: Option<Timestamp>,
    /// See the store's row.
    pub first_started_at: Option<Timestamp>,
    /// See the store's row.
    pub reschedule_count: i32,
    /// See the store's row.
    pub reason: Option<String>,
    /// See the store's row.
    pub map_length: Option<u32>,
    /// See the store's row.
    pub skip: Vec<String>,
    /// See the store's row.
    pub worker_id: Option<i64>,
    /// See the store's row.
    pub heartbeat_at: Option<Timestamp>,
    /// Pool.
    pub pool: String,
    /// Slots of the pool.
    pub pool_slots: i64,
}

/// A task instance to insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTi {
    /// Its run.
    pub run_key: i64,
    /// Its task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
    /// In whatever state it is already.
    pub state: Option<TaskState>,
    /// See the store's row.
    pub try_number: i32,
    /// See the store's row.
    pub max_tries: i32,
    /// See the store's row.
    pub scheduled_at: Option<Timestamp>,
    /// See the store's row.
    pub queued_at: Option<Timestamp>,
    /// See the store's row.
    pub start_date: Option<Timestamp>,
    /// See the store's row.
    pub end_date: Option<Timestamp>,
    /// See the store's row.
    pub reason: Option<String>,
    /// Pool.
    pub pool: String,
    /// Slots of the pool.
    pub pool_slots: i64,
}

/// A guarded write of a task instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiWrite {
    /// Which.
    pub ti_id: i64,
    /// What it was decided on.
    pub expect_state: Option<TaskState>,
    /// What it was decided on.
    pub expect_fence: i64,
    /// The new state.
    pub state: Option<TaskState>,
    /// The new values of the columns of that name.
    pub map_index: i32,
    /// A greater one starts a new try.
    pub try_number: i32,
    /// New value.
    pub max_tries: i32,
    /// New value.
    pub scheduled_at: Option<Timestamp>,
    /// New value.
    pub queued_at: Option<Timestamp>,
    /// New value.
    pub start_date: Option<Timestamp>,
    /// New value.
    pub end_date: Option<Timestamp>,
    /// New value.
    pub retry_at: Option<Timestamp>,
    /// New value.
    pub reason: Option<String>,
}

/// A guarded write of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunWrite {
    /// Which.
    pub run_key: i64,
    /// What it was decided on.
    pub expect_state: RunState,
    /// What it was decided on.
    pub expect_fence: i64,
    /// Who must own it.
    pub owner: i64,
    /// The new state.
    pub state: RunState,
    /// New value.
    pub start_date: Option<Timestamp>,
    /// New value.
    pub end_date: Option<Timestamp>,
}

/// Task instances that hold capacity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageRow {
    /// Run.
    pub run_key: i64,
    /// Task.
    pub task_id: String,
    /// Pool.
    pub pool: String,
    /// How many.
    pub tis: i64,
    /// Their slots.
    pub slots: i64,
}

/// A hint that somebody changed a run, or that assets came which a DAG waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Its number.
    pub id: i64,
    /// The DAG that has got assets; then it is about no run.
    pub dag_id: Option<String>,
    /// The run.
    pub run_key: i64,
    /// One task instance of it; `None`: anything; 0: something around the run, not the run itself.
    pub ti_id: Option<i64>,
}

/// What a try waits for without a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerRow {
    /// Whose it is.
    pub ti_id: i64,
    /// Number of the try.
    pub try_number: i32,
}

/// A backfill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillRow {
    /// Its DAG.
    pub dag_id: String,
    /// Runs of it at once.
    pub max_active_runs: u32,
    /// Nothing of it begins.
    pub paused: bool,
    /// It is over.
    pub completed: bool,
}

/// An update of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Of which.
    pub asset: AssetKey,
    /// When.
    pub at: Timestamp,
    /// The try that did it.
    pub source: (i64, i32),
}

/// What became of an event for one of the DAGs that wait for its asset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consumed {
    /// The DAG.
    pub dag_id: String,
    /// The event.
    pub event_id: i64,
    /// The run that knows it.
    pub run_key: i64,
}
