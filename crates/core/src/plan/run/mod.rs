//! One run: which task instances may go, which are decided without running, when the run is over.
//!
//! | file | what |
//! | --- | --- |
//! | `snapshot` | what is known of a run |
//! | `index` | task instances by task and map index, with counts |
//! | `dirty` | what a change touched and needs a look |
//! | `change` | taking in changes, own ones and others' |
//! | `verdict` | what may become of an instance |
//! | `mapping` | how many instances a mapped task has, and making them |
//! | `skip` | what tasks asked to skip |
//! | `end` | the end of the run: last task, timeout, fail_fast |
//! | `why` | why an instance waits |
//!
//! What happens to one task instance costs the same in a run of a hundred and of a hundred thousand: nothing here
//! walks over all instances of a run or task but for what concerns all of them.

mod change;
mod dirty;
mod end;
mod index;
mod mapping;
mod skip;
mod snapshot;
mod verdict;
mod why;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dag::Dag;
use crate::plan::Plan;
use crate::plan::rules::Tally;
use crate::state::{RunState, TaskState};
use crate::time::Timestamp;

pub use snapshot::{Past, PastTask, Run, RunSnapshot, TaskInstance};

use dirty::{Dirty, Look};
use index::{Instances, StateCounts};
use skip::Skippers;

/// A change to one task instance.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDecision {
    /// Index in the snapshot (new ones come after the old ones).
    pub index: usize,
    /// The state that it was decided on.
    pub from: Option<TaskState>,
    /// The state that it gets: `scheduled` means that it may go as soon as there is room.
    pub to: Option<TaskState>,
}

/// Plans one run from a fresh snapshot.
pub fn plan_run(snapshot: RunSnapshot, now: Timestamp) -> (Plan<TaskDecision>, RunPlanner) {
    let mut planner = RunPlanner::new(snapshot);
    let before: Vec<Option<TaskState>> = planner.tis.iter().map(|ti| ti.state).collect();
    let wake_at = planner.plan(now);
    let decisions = (0..planner.tis.len())
        .filter_map(|index| {
            let (from, to) = (before.get(index).copied().flatten(), planner.tis[index].state);
            (from != to).then_some(TaskDecision { index, from, to })
        })
        .collect();
    let waiting = planner.waiting(now);
    (Plan { decisions, wake_at, waiting }, planner)
}

/// A run's planner with memory. What it decides it takes as done; the caller writes it, and throws the planner
/// away for a fresh one when the write turns out stale.
#[derive(Clone, Debug)]
pub struct RunPlanner {
    /// The DAG.
    pub dag: Arc<Dag>,
    /// The run, with the state that was decided.
    pub run: Run,
    /// The task instances, with the states that were decided.
    pub tis: Vec<TaskInstance>,
    /// The run before.
    past: Past,
    paused: bool,
    /// Instances by task number.
    of_task: Vec<Instances>,
    /// States of those upstream instances that all instances of a task look at, by task number.
    upstream: Vec<Tally>,
    /// What needs a look.
    dirty: Dirty,
    /// Instances that wait for an instant.
    timers: BTreeSet<(Timestamp, usize)>,
    /// When it was planned last.
    planned_at: Option<Timestamp>,
    /// How many instances of the run are in which state.
    counts: StateCounts,
    /// Instances that failed and by that decide that the run fails.
    deciding_failures: usize,
    /// `fail_fast`: instances that failed.
    failures: BTreeSet<usize>,
    /// Who asked to skip a task, by that task's number.
    skippers: Vec<Skippers>,
    /// Instances changed since the caller last asked.
    touched: BTreeSet<usize>,
    /// Some task of the DAG looks at the run before.
    looks_back: bool,
}

impl RunPlanner {
    /// Takes in a snapshot; everything in it needs a look.
    pub fn new(snapshot: RunSnapshot) -> Self {
        let RunSnapshot { dag, run, tis, past, paused } = snapshot;
        let tasks = dag.tasks.len();
        let looks_back = dag.tasks.iter().any(|task| task.depends_on_past);
        let mut planner = Self {
            dag,
            run,
            tis: Vec::with_capacity(tis.len()),
            past,
            paused,
            of_task: vec![Instances::default(); tasks],
            upstream: vec![Tally::default(); tasks],
            dirty: Dirty::all(tasks),
            timers: BTreeSet::new(),
            planned_at: None,
            counts: StateCounts::default(),
            deciding_failures: 0,
            failures: BTreeSet::new(),
            skippers: vec![Skippers::default(); tasks],
            touched: BTreeSet::new(),
            looks_back,
        };
        for ti in tis {
            planner.add(ti);
        }
        planner
    }

    /// Adds an instance of every task that the run has none of yet, as far as the task's dates allow.
    pub fn add_missing(&mut self) {
        for number in 0..self.dag.tasks.len() {
            let task = &self.dag.tasks[number];
            let applies = self.run.task_date.is_none_or(|date| task.outside_dates(date).is_none());
            if applies && self.of_task[number].is_empty() {
                let max_tries = task.retries as i32;
                let index = self.add(TaskInstance::new(number, -1, max_tries));
                self.touched.insert(index);
            }
        }
    }

    /// Marks the run as running from `now` on.
    pub fn start(&mut self, now: Timestamp) {
        self.run.state = RunState::Running;
        self.run.start_date.get_or_insert(now);
        self.run.end_date = None;
    }

    /// Where an instance stands in `tis`.
    pub fn find(&self, task: usize, map_index: i32) -> Option<usize> {
        self.of_task[task].find(map_index)
    }

    /// Indexes of the instances that changed by decision since the last call.
    pub fn take_touched(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.touched).into_iter().collect()
    }

    /// Decides everything that can be decided at `now`; answers when to look again at the latest.
    /// What changed is in [`RunPlanner::take_touched`].
    pub fn plan(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.run.state != RunState::Running || self.paused {
            return self.timeout_at().filter(|_| self.run.state == RunState::Running && !self.check_timeout(now));
        }
        if self.check_timeout(now) {
            return None;
        }
        if self.planned_at.replace(now).is_some_and(|before| now < before) {
            // The clock was put back: instants that had come are waited for once more.
            self.timers = self.tis.iter().enumerate().filter_map(|(index, ti)| Some((ti.timer()?, index))).collect();
        }
        while let Some(&(at, index)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.dirty.instance(self.tis[index].task, index);
        }
        self.look_around(now);
        self.check_fail_fast(now);
        self.check_end(now);
        [self.timers.first().map(|(at, _)| *at), self.timeout_at()]
            .into_iter()
            .flatten()
            .min()
            .filter(|_| !self.run.state.is_finished())
    }

    /// Looks at everything that needs it, in topological order.
    fn look_around(&mut self, now: Timestamp) {
        while let Some(look) = self.dirty.pop() {
            match look {
                Look::Instance(index) => self.look_at(index, now),
                Look::Task(number) if self.rule_waits(number) => {}
                Look::Task(number) => {
                    for index in self.of_task[number].open() {
                        self.look_at(index, now);
                    }
                }
            }
        }
    }
}
