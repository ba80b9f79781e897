//! The database as a model: what its statements come to, without SQL. `tests/differential.rs` holds it against the
//! real store.

mod people;
mod planning;
mod tries;

use std::collections::BTreeMap;
use std::rc::Rc;

use tradewind_core::timetable::NextRun;
use tradewind_core::{RunState, TaskState, Timestamp};

pub use tries::Finish;

/// Everything that lasts. Rows are shared between copies until they are written, so that a copy is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Schedulers and workers.
    pub jobs: BTreeMap<i64, JobRow>,
    /// Runs by key.
    pub runs: BTreeMap<i64, Rc<RunRow>>,
    /// Task instances by number.
    pub tis: BTreeMap<i64, Rc<TiRow>>,
    /// Hints for schedulers.
    pub inbox: BTreeMap<i64, InboxRow>,
    /// Slots by pool.
    pub pools: BTreeMap<String, i64>,
    /// DAGs by id.
    pub dags: BTreeMap<String, DagRow>,
    last_job: i64,
    last_run: i64,
    last_ti: i64,
    last_inbox: i64,
}

/// A DAG.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DagRow {
    /// Nothing of it starts.
    pub paused: bool,
    /// What its schedule asks for next, as far as that was worked out.
    pub next: Option<NextRun>,
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
    /// Made by its DAG's schedule.
    pub scheduled: bool,
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

/// A hint that somebody changed a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Its number.
    pub id: i64,
    /// The run.
    pub run_key: i64,
    /// One task instance of it; `None`: anything; 0: something around the run, not the run itself.
    pub ti_id: Option<i64>,
}

impl Model {
    /// A new process.
    pub fn register_job(&mut self, scheduler: bool, now: Timestamp) -> i64 {
        self.last_job += 1;
        self.jobs.insert(self.last_job, JobRow { scheduler, running: true, heartbeat_at: now });
        self.last_job
    }

    /// A process lives, or lives again.
    pub fn heartbeat_job(&mut self, id: i64, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.heartbeat_at = now;
            job.running = true;
        }
    }

    /// A process is over.
    pub fn end_job(&mut self, id: i64) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.running = false;
        }
    }

    /// A process is over, if it was not heard of since somebody saw that heartbeat.
    pub fn end_silent_job(&mut self, id: i64, heartbeat_at: Timestamp) -> bool {
        match self.jobs.get_mut(&id) {
            Some(job) if job.running && job.heartbeat_at == heartbeat_at => {
                job.running = false;
                true
            }
            _ => false,
        }
    }

    /// Task instances of a run, in the order of their numbers.
    pub fn tis_of(&self, run_key: i64) -> impl Iterator<Item = &TiRow> {
        self.tis.values().map(Rc::as_ref).filter(move |ti| ti.run_key == run_key)
    }

    /// A task instance, to be written.
    fn ti_mut(&mut self, id: i64) -> Option<&mut TiRow> {
        self.tis.get_mut(&id).map(Rc::make_mut)
    }

    /// A run, to be written.
    fn run_mut(&mut self, key: i64) -> Option<&mut RunRow> {
        self.runs.get_mut(&key).map(Rc::make_mut)
    }

    /// What holds capacity.
    pub fn usage(&self) -> Vec<UsageRow> {
        let mut counted: BTreeMap<(i64, String, String), (i64, i64)> = BTreeMap::new();
        for ti in self.tis.values().filter(|ti| ti.state.is_some_and(TaskState::is_in_flight)) {
            let of = counted.entry((ti.run_key, ti.task_id.clone(), ti.pool.clone())).or_default();
            of.0 += 1;
            of.1 += ti.pool_slots;
        }
        let row = |((run_key, task_id, pool), (tis, slots))| UsageRow { run_key, task_id, pool, tis, slots };
        counted.into_iter().map(row).collect()
    }

    /// Leaves a hint.
    pub fn add_to_inbox(&mut self, run_key: i64, ti_id: Option<i64>) {
        self.last_inbox += 1;
        let id = self.last_inbox;
        self.inbox.insert(id, InboxRow { id, run_key, ti_id });
    }
}
