//! The DAG as the planners see it: tasks by number, edges both ways.

mod link;
mod mapping;
mod setup;

use std::collections::HashMap;

use crate::plan::Reason;
use crate::state::TriggerRule;
use crate::time::{Duration, Timestamp};

pub use link::{MapDraft, MapGroupDraft, TaskDraft, link};
pub use mapping::{MapGroup, MapSource};

/// How a try of a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Does nothing: finished by the scheduler itself.
    Empty,
    /// A shell command that needs no Python.
    Bash,
    /// Everything else.
    Python,
}

/// A DAG's structure and limits.
#[derive(Clone, Debug, Default)]
pub struct Dag {
    /// The DAG's id.
    pub dag_id: String,
    /// Tasks in a topological order: every upstream task has a smaller number.
    pub tasks: Vec<Task>,
    /// Task id to number.
    pub by_id: HashMap<String, usize>,
    /// Runs of this DAG that may be running at once.
    pub max_active_runs: u32,
    /// Task instances of one run that may be in flight at once.
    pub max_active_tasks: u32,
    /// A running run older than this fails.
    pub dagrun_timeout: Option<Duration>,
    /// The first failed task fails the run and skips what has not started.
    pub fail_fast: bool,
}

/// One task of a [`Dag`].
#[derive(Clone, Debug)]
pub struct Task {
    /// The task's id.
    pub task_id: String,
    /// Numbers of the direct upstream tasks.
    pub upstream: Vec<usize>,
    /// Numbers of the direct downstream tasks.
    pub downstream: Vec<usize>,
    /// When it may go.
    pub trigger_rule: TriggerRule,
    /// How a try runs.
    pub lane: Lane,
    /// Attempts after the first.
    pub retries: u32,
    /// Wait before the first retry.
    pub retry_delay: Duration,
    /// Factor by which the delay grows with each retry; 0 means it does not grow.
    pub retry_exponential_backoff: f64,
    /// Cap of the growing delay.
    pub max_retry_delay: Option<Duration>,
    /// Longest time that one try may run; enforced by the worker.
    pub execution_timeout: Option<Duration>,
    /// Not before this logical date; never before the DAG's own start date.
    pub start_date: Option<Timestamp>,
    /// Not after this logical date; never after the DAG's own end date.
    pub end_date: Option<Timestamp>,
    /// The same task of the run before must have succeeded or been skipped.
    pub depends_on_past: bool,
    /// The first run that would look at the past may go.
    pub ignore_first_depends_on_past: bool,
    /// `depends_on_past`, and the previous instance's direct downstream tasks must be done too.
    pub wait_for_downstream: bool,
    /// Wait for `depends_on_past` even before being skipped.
    pub wait_for_past_depends_before_skipping: bool,
    /// Pool that it takes slots from.
    pub pool: String,
    /// Slots that a try takes.
    pub pool_slots: u32,
    /// Effective priority: higher goes first.
    pub priority: i32,
    /// A strategy of the author's gave each try its own priority: that of the first, the second, and so on; the last
    /// one is for all others. Empty: `priority` is for all.
    pub priority_by_try: Vec<i32>,
    /// Queue that workers listen on.
    pub queue: String,
    /// Executor by name, when not the default one.
    pub executor: Option<String>,
    /// Instances of this task in flight over all runs.
    pub max_active_tis_per_dag: Option<u32>,
    /// Instances of this task in flight in one run.
    pub max_active_tis_per_dagrun: Option<u32>,
    /// A teardown task: its failure does not fail the run unless `on_failure_fail_dagrun`.
    pub is_teardown: bool,
    /// A setup task.
    pub is_setup: bool,
    /// See `is_teardown`.
    pub on_failure_fail_dagrun: bool,
    /// Made by `expand`, or in a mapped task group: one instance for each combination of these. `None`: not mapped.
    pub map_over: Option<Vec<MapSource>>,
    /// The mapped task groups around it, outermost first; their sources are in `map_over`, too.
    pub map_groups: Vec<MapGroup>,
    /// Numbers of the tasks that map over this one's result.
    pub mapped_by: Vec<usize>,
    /// Setup tasks further up that must have succeeded before it, whatever its trigger rule says.
    pub setups: Vec<usize>,
    /// The other way round: tasks in whose `setups` this one is.
    pub setup_for: Vec<usize>,
    /// Its failure is the run's failure: nothing comes after it but teardown tasks that do not count.
    pub decides_run: bool,
}

impl Task {
    /// Why a run of this date has no instance of the task, if its dates leave it out.
    pub fn outside_dates(&self, date: Timestamp) -> Option<Reason> {
        match (self.start_date, self.end_date) {
            (Some(start), _) if date < start => Some(Reason::BeforeStart { date, start }),
            (_, Some(end)) if end < date => Some(Reason::AfterEnd { date, end }),
            _ => None,
        }
    }

    /// Effective priority of the try with this number, counted from 1.
    pub fn priority_of(&self, try_number: i32) -> i32 {
        let index = usize::try_from(try_number - 1).unwrap_or(0);
        self.priority_by_try.get(index).or(self.priority_by_try.last()).copied().unwrap_or(self.priority)
    }
}

impl Default for Task {
    fn default() -> Self {
        Self {
            task_id: String::new(),
            upstream: Vec::new(),
            downstream: Vec::new(),
            trigger_rule: TriggerRule::AllSuccess,
            lane: Lane::Python,
            retries: 0,
            retry_delay: Duration::from_secs(300),
            retry_exponential_backoff: 0.0,
            max_retry_delay: None,
            execution_timeout: None,
            start_date: None,
            end_date: None,
            depends_on_past: false,
            ignore_first_depends_on_past: true,
            wait_for_downstream: false,
            wait_for_past_depends_before_skipping: false,
            pool: "default_pool".into(),
            pool_slots: 1,
            priority: 1,
            priority_by_try: Vec::new(),
            queue: "default".into(),
            executor: None,
            max_active_tis_per_dag: None,
            max_active_tis_per_dagrun: None,
            is_teardown: false,
            is_setup: false,
            on_failure_fail_dagrun: false,
            map_over: None,
            map_groups: Vec::new(),
            mapped_by: Vec::new(),
            setups: Vec::new(),
            setup_for: Vec::new(),
            decides_run: true,
        }
    }
}

/// What is wrong with a DAG's structure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// Two tasks have one id.
    #[error("task id '{0}' is used twice")]
    DuplicateTask(String),
    /// An edge leads to a task that does not exist.
    #[error("task '{task}' names the task '{missing}', which does not exist in this DAG")]
    UnknownTask {
        /// The task that has the edge.
        task: String,
        /// The id that is not there.
        missing: String,
    },
    /// The edges form a circle.
    #[error("cycle: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
}
