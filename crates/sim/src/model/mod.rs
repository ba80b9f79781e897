//! The database as a model: what its statements come to, without SQL. `tests/differential.rs` holds it against the
//! real store.

mod assets;
mod backfills;
mod people;
mod planning;
mod rows;
mod tries;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tradewind_core::{TaskState, Timestamp};

pub use assets::mentions;
pub use backfills::NewBackfill;
pub use rows::{
    BackfillRow, Consumed, DagRow, EventRow, InboxRow, JobRow, NewTi, RunRow, RunWrite, TiRow, TiWrite, TriggerRow,
    UsageRow,
};
pub use tries::Finish;
pub use waiting::{Fire, is_waiting};

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
    /// What deferred tries wait for, by number.
    pub triggers: BTreeMap<i64, TriggerRow>,
    /// How often the tries of a task instance have gone to wait. Not in the store: for the laws.
    pub waits: BTreeMap<i64, i32>,
    /// The report that ended a task instance last: number of the try, and its instant.
    pub reported: BTreeMap<i64, (i32, Timestamp)>,
    /// Backfills by number.
    pub backfills: BTreeMap<i64, BackfillRow>,
    /// Updates of assets by number.
    pub events: BTreeMap<i64, Rc<EventRow>>,
    /// Events that a DAG has not consumed.
    pub queue: BTreeSet<(String, i64)>,
    /// Events that were consumed.
    pub consumed: Vec<Consumed>,
    last_job: i64,
    last_run: i64,
    last_ti: i64,
    last_inbox: i64,
    last_trigger: i64,
    last_backfill: i64,
    last_event: i64,
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
        self.inbox.insert(id, InboxRow { id, dag_id: None, run_key, ti_id });
    }

    /// Leaves the hint that a DAG's assets need a look.
    fn wake_dag(&mut self, dag_id: &str) {
        self.last_inbox += 1;
        let id = self.last_inbox;
        self.inbox.insert(id, InboxRow { id, dag_id: Some(dag_id.to_owned()), run_key: 0, ti_id: None });
    }
}
