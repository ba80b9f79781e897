//! What happens in a world: plain data that can be written down, played again and made smaller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tradewind_core::Reprocess;

use crate::model::Fire;
use crate::shape::DagShape;

/// A world and everything that happens in it before the calm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Decides how tasks end in the calm; also names the scenario.
    pub seed: u64,
    /// Schedulers.
    pub schedulers: usize,
    /// Workers.
    pub workers: usize,
    /// Slots of each scheduler's executor.
    pub slots: u32,
    /// Pools besides the default one, with their slots.
    #[serde(default)]
    pub pools: BTreeMap<String, i64>,
    /// The DAGs; their ids are `d0`, `d1` …
    pub dags: Vec<DagShape>,
    /// What happens. A step that names something that is not there does nothing, so that steps can be left out.
    pub steps: Vec<Step>,
}

/// One thing that happens. Numbers are taken modulo what there is to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Somebody triggers a DAG.
    Trigger(usize),
    /// A scheduler goes one phase further.
    Phase(usize),
    /// A scheduler goes on to the end of its tick.
    Tick(usize),
    /// The next commit of a scheduler gets no answer.
    Unknown {
        /// Which.
        scheduler: usize,
        /// The commit lasts.
        applied: bool,
    },
    /// A scheduler dies and loses everything it knew. Somebody starts it anew.
    Crash(usize),
    /// A scheduler's clock is off by so many seconds from now on.
    Skew {
        /// Which.
        scheduler: usize,
        /// Seconds, either way.
        seconds: i32,
    },
    /// A message arrives at a worker.
    Deliver {
        /// Which message.
        message: usize,
        /// Which worker.
        worker: usize,
    },
    /// A message is lost.
    Lose(usize),
    /// A message will arrive twice.
    Double(usize),
    /// A worker that starts a try does not hear the answer.
    StartUnheard {
        /// Which message.
        message: usize,
        /// Which worker.
        worker: usize,
    },
    /// A worker asks for queued tries.
    Poll(usize),
    /// A try ends, and its worker says so.
    Finish {
        /// Which worker.
        worker: usize,
        /// Which of its tries.
        nth: usize,
        /// How.
        outcome: Outcome,
        /// The worker does not hear the answer and will report again.
        unheard: bool,
    },
    /// A worker says that it lives.
    Beat(usize),
    /// A worker is cut off; its tries go on unheard.
    Silence(usize),
    /// A worker that was cut off is back.
    Return(usize),
    /// A worker dies with its tries and is started anew. `true`: its job is ended, as on a machine where one can look.
    WorkerDies(usize, bool),
    /// Time passes.
    Wait(u32),
    /// Task instances are cleared.
    Clear {
        /// The first.
        first: usize,
        /// How many.
        count: usize,
    },
    /// A task instance is marked.
    Mark {
        /// Which.
        nth: usize,
        /// How.
        success: bool,
    },
    /// What a try waits for comes.
    Fire {
        /// Which of those that wait.
        nth: usize,
        /// What it says.
        fire: Fire,
    },
    /// Somebody makes up for dates of a DAG's schedule.
    Backfill {
        /// Which DAG.
        dag: usize,
        /// The first date, in intervals after the first of the schedule.
        from: i32,
        /// How many.
        count: u32,
        /// The latest goes first.
        backwards: bool,
        /// What happens to dates that have a run.
        reprocess: Reprocess,
        /// Runs at once.
        max_active_runs: u32,
    },
    /// A backfill is paused or unpaused.
    PauseBackfill {
        /// Which.
        nth: usize,
        /// Paused.
        paused: bool,
    },
    /// A backfill is ended.
    CancelBackfill(usize),
    /// A DAG is paused or unpaused.
    Pause {
        /// Which.
        dag: usize,
        /// Paused.
        paused: bool,
    },
    /// A pool gets another size.
    Resize {
        /// Which of those of the scenario.
        pool: usize,
        /// Slots.
        slots: i64,
    },
}

/// How a try ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// With a result of that length.
    Success(u32),
    /// And asks to skip some of its downstream tasks (the bits say which).
    Branch(u32),
    /// Repeat it if tries are left.
    Retry,
    /// For good.
    Failed,
    /// Skips itself.
    Skipped,
    /// Looks again after so many seconds.
    Reschedule(u32),
    /// Waits for a trigger, no longer than so many seconds; 0: for ever.
    Defer(u32),
    /// Waits for a person.
    Ask,
}
