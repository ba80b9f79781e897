//! The rows that the engine plans with.

use std::collections::BTreeMap;

use serde_json::Value;
use tradewind_core::{RunState, RunType, TaskState, Timestamp};

use crate::row::row;

row! {
    /// One run of a DAG.
    pub struct RunRow {
        /// The database's number of the run (`run_key` elsewhere).
        pub id: i64,
        /// Its DAG.
        pub dag_id: String,
        /// The user's id of the run.
        pub run_id: String,
        /// Why it exists.
        pub run_type: RunType,
        /// What made it: `timetable`, `rest_api`, `cli`, `operator`, `ui`, `test`, `backfill`, `asset` …
        pub triggered_by: String,
        /// Who, if a person did.
        pub triggering_user: Option<String>,
        /// The instant that names it.
        pub logical_date: Option<Timestamp>,
        /// Start of the data interval.
        pub data_interval_start: Option<Timestamp>,
        /// End of the data interval.
        pub data_interval_end: Option<Timestamp>,
        /// Not before.
        pub run_after: Timestamp,
        /// When it was created, or cleared.
        pub queued_at: Option<Timestamp>,
        /// When it began to run.
        pub start_date: Option<Timestamp>,
        /// When it ended.
        pub end_date: Option<Timestamp>,
        /// Its state.
        pub state: RunState,
        /// How often it was cleared.
        pub clear_number: i32,
        /// The job of the scheduler that plans it.
        pub owner: Option<i64>,
        /// Raised by everybody who changes task instances of it but its scheduler and its workers.
        pub fence: i64,
        /// Version of the DAG that it uses.
        pub dag_version_id: Option<i64>,
        /// The partition that it is about.
        pub partition_key: Option<String>,
        /// The instant that the partition stands for.
        pub partition_date: Option<Timestamp>,
        /// Version of the code, if its bundle has versions: the run stays with its `dag_version_id`.
        pub bundle_version: Option<String>,
        /// Number of task instances by state (`"no_status"`: not looked at yet).
        pub state_counts: BTreeMap<String, i64>,
        /// For people.
        pub note: Option<String>,
        /// The user's configuration.
        pub conf: Value,
        /// The backfill that made it, or that runs it again.
        pub backfill_id: Option<i64>,
        /// Its place in the backfill.
        pub backfill_ordinal: Option<i32>,
        /// When the row was made.
        pub created_at: Timestamp,
        /// When the row was last written.
        pub updated_at: Timestamp,
    }
}

row! {
    /// One task (and map index) in one run, without the big texts.
    pub struct TiRow {
        /// The database's number (`ti_id` elsewhere).
        pub id: i64,
        /// The run.
        pub run_key: i64,
        /// The DAG.
        pub dag_id: String,
        /// The task.
        pub task_id: String,
        /// -1 when not mapped.
        pub map_index: i32,
        /// `None`: not looked at yet.
        pub state: Option<TaskState>,
        /// Raised by every write but heartbeats.
        pub fence: i64,
        /// 0 until it is queued for the first time.
        pub try_number: i32,
        /// As in Airflow: a failed try is repeated while its number is not above this.
        pub max_tries: i32,
        /// When it was scheduled.
        pub scheduled_at: Option<Timestamp>,
        /// When it was queued.
        pub queued_at: Option<Timestamp>,
        /// When the try started.
        pub start_date: Option<Timestamp>,
        /// When the try ended.
        pub end_date: Option<Timestamp>,
        /// `up_for_retry`, `up_for_reschedule`: not before.
        pub retry_at: Option<Timestamp>,
        /// When the first poke of a rescheduling sensor started.
        pub first_started_at: Option<Timestamp>,
        /// How often the try was rescheduled.
        pub reschedule_count: i32,
        /// Class name.
        pub operator: String,
        /// Pool.
        pub pool: String,
        /// Slots of the pool.
        pub pool_slots: i32,
        /// Queue.
        pub queue: String,
        /// Effective priority.
        pub priority: i32,
        /// Executor, when not the default one.
        pub executor: Option<String>,
        /// Where the try runs.
        pub hostname: Option<String>,
        /// Process of the worker.
        pub pid: Option<i64>,
        /// The worker's job.
        pub worker_id: Option<i64>,
        /// When the worker last said that it runs the try.
        pub heartbeat_at: Option<Timestamp>,
        /// Version of the DAG.
        pub dag_version_id: Option<i64>,
        /// Why it is in this state, for people.
        pub reason: Option<String>,
        /// Number of elements of its XCom, when a mapped task needs it.
        pub map_length: Option<u32>,
        /// Direct downstream tasks that it asked to skip.
        pub skip: Vec<String>,
    }
}

impl RunRow {
    /// The date that start and end dates of tasks are compared with; none if every task takes part.
    pub fn task_date(&self) -> Option<Timestamp> {
        self.logical_date.filter(|_| self.run_type != RunType::Backfill)
    }

    /// Nothing of the run is unfinished, as far as its row says.
    pub fn state_counts_are_final(&self) -> bool {
        self.state_counts.keys().all(|state| state.parse().is_ok_and(TaskState::is_finished))
    }
}

/// A run to create. It begins as `queued`.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its DAG.
    pub dag_id: String,
    /// The user's id, unique within the DAG.
    pub run_id: String,
    /// Why.
    pub run_type: RunType,
    /// The instant that names it, unique within the DAG.
    pub logical_date: Option<Timestamp>,
    /// Start of the data interval.
    pub data_interval_start: Option<Timestamp>,
    /// End of the data interval.
    pub data_interval_end: Option<Timestamp>,
    /// Not before.
    pub run_after: Timestamp,
    /// Now.
    pub queued_at: Timestamp,
    /// Configuration: an object.
    pub conf: Value,
    /// What made it; see [`RunRow::triggered_by`]. `None`: `unknown`.
    pub triggered_by: Option<String>,
    /// Who.
    pub triggering_user: Option<String>,
    /// For people.
    pub note: Option<String>,
    /// Version of the DAG; `None`: the latest.
    pub dag_version_id: Option<i64>,
    /// The scheduler that plans it; `None`: the first that sees it.
    pub owner: Option<i64>,
}

/// What became of a [`NewRun`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// Its run key.
    Created(i64),
    /// The run id or the logical date is taken.
    Exists,
}

impl CreateOutcome {
    /// The run key, if it was created.
    pub fn created(self) -> Option<i64> {
        match self {
            Self::Created(run_key) => Some(run_key),
            Self::Exists => None,
        }
    }
}

/// A task instance to insert, in whatever state it is already.
#[derive(Clone, Debug)]
pub struct NewTi {
    /// The run.
    pub run_key: i64,
    /// The DAG.
    pub dag_id: String,
    /// The task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
    /// Its state.
    pub state: Option<TaskState>,
    /// See [`TiRow`].
    pub try_number: i32,
    /// See [`TiRow`].
    pub max_tries: i32,
    /// See [`TiRow`].
    pub scheduled_at: Option<Timestamp>,
    /// See [`TiRow`]; `queued` needs it.
    pub queued_at: Option<Timestamp>,
    /// See [`TiRow`]; `running` needs it.
    pub start_date: Option<Timestamp>,
    /// See [`TiRow`]; finished states (but `removed`) need it.
    pub end_date: Option<Timestamp>,
    /// Class name.
    pub operator: String,
    /// Pool.
    pub pool: String,
    /// At least 1.
    pub pool_slots: i64,
    /// Queue.
    pub queue: String,
    /// Effective priority.
    pub priority: i64,
    /// Executor, when not the default one.
    pub executor: Option<String>,
    /// Version of the DAG.
    pub dag_version_id: Option<i64>,
    /// For people.
    pub reason: Option<String>,
}

/// A guarded write of a task instance. Columns have the same needs as in [`NewTi`].
#[derive(Clone, Debug)]
pub struct TiWrite {
    /// Which.
    pub ti_id: i64,
    /// The state that it was decided on.
    pub expect_state: Option<TaskState>,
    /// The fence that it was decided on.
    pub expect_fence: i64,
    /// The new state.
    pub state: Option<TaskState>,
    /// Changes when a mapped task is expanded.
    pub map_index: i32,
    /// A greater one than before starts a new try: the old one goes to the history, its XComs are forgotten.
    pub try_number: i32,
    /// See [`TiRow`].
    pub max_tries: i32,
    /// See [`TiRow`].
    pub scheduled_at: Option<Timestamp>,
    /// See [`TiRow`].
    pub queued_at: Option<Timestamp>,
    /// See [`TiRow`].
    pub start_date: Option<Timestamp>,
    /// See [`TiRow`].
    pub end_date: Option<Timestamp>,
    /// See [`TiRow`].
    pub retry_at: Option<Timestamp>,
    /// See [`TiRow`].
    pub reason: Option<String>,
}

/// A guarded write of a run.
#[derive(Clone, Debug)]
pub struct RunWrite {
    /// Which.
    pub run_key: i64,
    /// The state that it was decided on.
    pub expect_state: RunState,
    /// The fence that it was decided on.
    pub expect_fence: i64,
    /// The scheduler that must own it. A run that ends has no owner any more.
    pub owner: i64,
    /// The new state.
    pub state: RunState,
    /// `running` needs it.
    pub start_date: Option<Timestamp>,
    /// `success` and `failed` need it; others must not have it.
    pub end_date: Option<Timestamp>,
    /// Version of the DAG.
    pub dag_version_id: Option<i64>,
    /// See [`RunRow`].
    pub state_counts: BTreeMap<String, u32>,
    /// Now.
    pub updated_at: Timestamp,
}

row! {
    /// Task instances that hold capacity, counted.
    pub struct UsageRow {
        /// Queued, running or restarting; otherwise deferred or awaiting input.
        pub in_flight: bool,
        /// Pool.
        pub pool: String,
        /// DAG.
        pub dag_id: String,
        /// Run.
        pub run_key: i64,
        /// Task.
        pub task_id: String,
        /// Executor, when not the default one.
        pub executor: Option<String>,
        /// How many.
        pub tis: i64,
        /// Their slots.
        pub slots: i64,
    }
}

row! {
    /// A pool's size.
    pub struct PoolSize {
        /// Its name.
        pub name: String,
        /// Slots; -1: no limit.
        pub slots: i64,
        /// Deferred task instances keep their slots.
        pub include_deferred: bool,
    }
}

/// What is in use, and how much there is.
#[derive(Clone, Debug)]
pub struct Usage {
    /// In use.
    pub rows: Vec<UsageRow>,
    /// By name.
    pub pools: Vec<PoolSize>,
}

row! {
    /// A hint that somebody changed a run.
    pub struct InboxRow {
        /// For [`Tx::delete_inbox`](crate::Tx::delete_inbox).
        pub id: i64,
        /// The run; 0 when it is about a DAG.
        pub run_key: i64,
        /// One task instance of it; `None`: anything.
        pub ti_id: Option<i64>,
        /// Not about a run: what this DAG waits for may have come.
        pub dag_id: Option<String>,
    }
}
