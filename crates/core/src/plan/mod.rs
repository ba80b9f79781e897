//! The planners: pure functions from snapshots to decisions.
//!
//! * [`plan_runs`]: timetables to DAG runs. [`preview_runs`] asks it about the time to come.
//! * [`backfill_dates`] and [`backfill_step`]: what a backfill does with which date.
//! * [`plan_asset_runs`]: events of assets to DAG runs.
//! * [`plan_starts`]: which of the runs that wait for their turn begin.
//! * [`plan_run`]: one run: trigger rules, mapping, retries, completion. [`RunPlanner`] is the same with memory:
//!   told what changed, it looks only at what that touches, and decides the same.
//! * [`AdmissionQueue`]: which of the task instances that may go fit pools and limits, across runs.
//! * [`plan_recovery`]: tries whose worker is lost.
//! * [`plan_deadlines`]: runs and tasks that were not done in time.
//!
//! A plan says what to do, when to look again if nothing happens before (`wake_at`, exact), and why everything
//! else waits.

mod admit;
mod assets;
mod backfill;
mod deadline;
mod preview;
mod reason;
mod recovery;
mod retry;
pub mod rules;
mod run;
mod runs;
mod starts;

pub use admit::{Admission, AdmissionQueue, Candidate, Capacity, Limits, TaskLimit};
pub use assets::{AssetConsumer, AssetPlan, AssetRun, QueuedEvent, plan_asset_runs};
pub use backfill::{
    BackfillError, BackfillRequest, BackfillStep, LeftOut, MOST_BACKFILL_RUNS, backfill_dates, backfill_step,
};
pub use deadline::{DeadlinePlan, Reference, RunFacts, Watched, due_at, plan_deadlines};
pub use preview::{Preview, Then, preview_runs};
pub use reason::Reason;
pub use recovery::{InFlight, Recovery, Watch, plan_recovery};
pub use run::{Past, PastTask, Run, RunPlanner, RunSnapshot, TaskDecision, TaskInstance, plan_run};
pub use runs::{DagSchedule, RunDecision, plan_runs};
pub use starts::{Lane, LaneKey, QueuedRun, plan_starts};

use crate::time::Timestamp;

/// What to do now, when to look again, and why the rest waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<D> {
    /// What to do. Each names the state that it was decided on.
    pub decisions: Vec<D>,
    /// If nothing happens before, nothing changes until this instant.
    pub wake_at: Option<Timestamp>,
    /// Task instances (index in the snapshot) that are neither finished nor decided, and why.
    pub waiting: Vec<(usize, Reason)>,
}
