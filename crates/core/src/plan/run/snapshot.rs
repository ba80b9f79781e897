//! What the planner knows of a run: the run, its task instances, the run before.

use std::sync::Arc;

use crate::dag::Dag;
use crate::state::{RunState, TaskState};
use crate::time::Timestamp;

/// A run as the planner sees it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Database number; 0 while it is not stored yet.
    pub key: i64,
    /// Where it stands.
    pub state: RunState,
    /// The date that start and end dates of tasks are compared with: the logical date. `None` for runs without one, and
    /// for those of backfills, in which every task takes part.
    pub task_date: Option<Timestamp>,
    /// When it began to run.
    pub start_date: Option<Timestamp>,
    /// When it ended.
    pub end_date: Option<Timestamp>,
}

/// A task instance as the planner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskInstance {
    /// Database number; 0 while it is not stored yet.
    pub id: i64,
    /// Number of its task in the DAG.
    pub task: usize,
    /// -1 when not mapped (or not expanded yet).
    pub map_index: i32,
    /// Where it stands; `None`: not looked at yet.
    pub state: Option<TaskState>,
    /// Raised by every write to the row.
    pub fence: i64,
    /// Number of the current or last try; 0 before the first.
    pub try_number: i32,
    /// A failed try is repeated while its number is not above this.
    pub max_tries: i32,
    /// When it was found ready.
    pub scheduled_at: Option<Timestamp>,
    /// When it was given to an executor.
    pub queued_at: Option<Timestamp>,
    /// When the current try started.
    pub start_date: Option<Timestamp>,
    /// When the last try ended.
    pub end_date: Option<Timestamp>,
    /// `up_for_retry`, `up_for_reschedule`: not before. `deferred`: not after.
    pub retry_at: Option<Timestamp>,
    /// Why it ended, for people.
    pub reason: Option<String>,
    /// Length of its result, if something maps over it.
    pub map_length: Option<u32>,
    /// Downstream tasks that it asked to skip, direct or not.
    pub skip: Vec<String>,
    /// When the first look of a rescheduling sensor began.
    pub first_started_at: Option<Timestamp>,
    /// How often the current try was rescheduled.
    pub reschedule_count: u32,
}

/// The same task in the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PastTask {
    /// It has instances there.
    pub exists: bool,
    /// All of them succeeded or were skipped.
    pub done_well: bool,
    /// So did all instances of its direct downstream tasks.
    pub downstream_done_well: bool,
    /// Any earlier run has instances of it.
    pub any_before: bool,
}

/// The run before, for `depends_on_past`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Its id; `None`: this is the first run.
    pub run_id: Option<String>,
    /// By task number.
    pub tasks: Vec<PastTask>,
}

/// Everything that decides about one run.
#[derive(Clone, Debug)]
pub struct RunSnapshot {
    /// The DAG, in the version that the run uses.
    pub dag: Arc<Dag>,
    /// The run.
    pub run: Run,
    /// Its task instances.
    pub tis: Vec<TaskInstance>,
    /// The run before.
    pub past: Past,
    /// The DAG is paused.
    pub paused: bool,
}

impl TaskInstance {
    /// One that has not been looked at yet.
    pub fn new(task: usize, map_index: i32, max_tries: i32) -> Self {
        Self {
            id: 0,
            task,
            map_index,
            state: None,
            fence: 0,
            try_number: 0,
            max_tries,
            scheduled_at: None,
            queued_at: None,
            start_date: None,
            end_date: None,
            retry_at: None,
            reason: None,
            map_length: None,
            skip: Vec::new(),
            first_started_at: None,
            reschedule_count: 0,
        }
    }

    /// Its end is decided.
    pub fn is_finished(&self) -> bool {
        self.state.is_some_and(TaskState::is_finished)
    }

    pub(super) fn timer(&self) -> Option<Timestamp> {
        let waits =
            matches!(self.state, Some(TaskState::UpForRetry | TaskState::UpForReschedule | TaskState::Deferred));
        self.retry_at.filter(|_| waits)
    }

    /// Its state waits for something that may come: a rule, a date, what it maps over.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, None | Some(TaskState::UpForRetry | TaskState::UpForReschedule))
    }
}
