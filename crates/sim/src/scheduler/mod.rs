//! A scheduler of the world: the engine's phases around the real planners. Between two phases anything may happen.

mod apply;
mod due;
mod fixed;
mod housekeeping;
mod owned_run;
mod read;
mod starts;

use std::collections::{BTreeMap, BTreeSet};

use tradewind_core::plan::{AdmissionQueue, Watch};
use tradewind_core::timetable::NextRun;
use tradewind_core::{Duration, RunState, TaskState, Timestamp, TryId};

use crate::laws::{self, Breach};
use crate::model::{Model, RunRow};
pub use fixed::{Fixed, FixedDag};
use owned_run::OwnedRun;
pub use starts::limit;

/// How often a scheduler says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// A scheduler that is silent for longer is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(30);
/// A worker that is silent for longer is lost.
pub const LOST_AFTER: Duration = Duration::from_secs(300);
/// An observer that did not look for longer knows nothing.
pub const GAP: Duration = Duration::from_secs(15);

/// What a scheduler sends out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Run this try.
    Submit(TryId),
    /// Stop this try.
    Cancel(TryId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Housekeeping,
    Read,
    Plan,
    Apply,
    HandOver,
}

/// A scheduler.
#[derive(Debug)]
pub struct Scheduler {
    /// Its job.
    pub id: i64,
    /// What its clock shows beyond the world's time.
    pub skew: Duration,
    /// The next commit gets no answer; it lasts, or does not.
    pub unknown: Option<bool>,
    /// Work was done since the last tick began.
    pub busy: bool,
    phase: Phase,
    now: Timestamp,
    runs: BTreeMap<i64, OwnedRun>,
    queue: AdmissionQueue,
    to_load: BTreeSet<i64>,
    dirty: BTreeSet<i64>,
    touched: Vec<(i64, usize)>,
    dags_to_start: BTreeSet<String>,
    past_changed: BTreeSet<String>,
    concerned: BTreeSet<String>,
    asset_dags: BTreeSet<String>,
    backfill_run_ended: bool,
    timers: BTreeSet<(Timestamp, i64)>,
    inbox: Vec<i64>,
    create: Vec<RunRow>,
    next: Vec<(String, Option<NextRun>)>,
    due_at: Option<Timestamp>,
    admitted: Vec<(i64, usize)>,
    next_heartbeat: Timestamp,
    schedulers: Watch,
    tries: Watch,
}

impl Scheduler {
    /// A new one.
    pub fn new(model: &mut Model, now: Timestamp) -> Self {
        Self {
            id: model.register_job(true, now),
            skew: Duration::ZERO,
            unknown: None,
            busy: false,
            phase: Phase::Housekeeping,
            now,
            runs: BTreeMap::new(),
            queue: AdmissionQueue::default(),
            to_load: BTreeSet::new(),
            dirty: BTreeSet::new(),
            touched: Vec::new(),
            dags_to_start: BTreeSet::new(),
            past_changed: BTreeSet::new(),
            concerned: BTreeSet::new(),
            asset_dags: BTreeSet::new(),
            backfill_run_ended: false,
            timers: BTreeSet::new(),
            inbox: Vec::new(),
            create: Vec::new(),
            next: Vec::new(),
            due_at: None,
            admitted: Vec::new(),
            next_heartbeat: Timestamp::from_micros(0),
            schedulers: Watch::default(),
            tries: Watch::default(),
        }
    }

    /// At the start of a tick.
    pub fn is_between_ticks(&self) -> bool {
        self.phase == Phase::Housekeeping
    }

    /// At the planning phase, whose reading of the database counts for the past.
    pub fn plans_next(&self) -> bool {
        self.phase == Phase::Plan
    }

    /// When something is due by the world's time, if nothing happens before.
    pub fn wake_at(&self) -> Timestamp {
        let timer = self.timers.first().map(|(at, _)| *at);
        let at = [timer, self.due_at, Some(self.next_heartbeat)].into_iter().flatten().min();
        at.unwrap_or(self.next_heartbeat) - self.skew
    }

    /// Its heartbeat is due at once.
    pub fn heartbeats_next(&mut self) {
        self.next_heartbeat = Timestamp::from_micros(0);
    }

    fn forget(&mut self) {
        let kept = std::mem::take(&mut self.schedulers);
        let tries = std::mem::take(&mut self.tries);
        *self = Self {
            id: self.id,
            skew: self.skew,
            busy: true,
            schedulers: kept,
            tries,
            ..Self::new(&mut Model::default(), self.now)
        };
    }

    /// Goes one phase further. Answers the messages that it sends.
    pub fn step(
        &mut self,
        model: &mut Model,
        fixed: &Fixed,
        world_now: Timestamp,
        create_runs: bool,
    ) -> Result<Vec<Message>, Breach> {
        match self.phase {
            Phase::Housekeeping => {
                self.busy = false;
                self.now = world_now + self.skew;
                if self.next_heartbeat <= self.now || self.next_heartbeat - self.now > HEARTBEAT {
                    self.housekeeping(model);
                }
                self.phase = Phase::Read;
                Ok(Vec::new())
            }
            Phase::Read => {
                let messages = self.read(model);
                self.find_due_runs(model, fixed, create_runs);
                self.phase = Phase::Plan;
                Ok(messages)
            }
            Phase::Plan => {
                self.create_asset_runs(model, fixed);
                let messages = self.load_pending(model, fixed);
                self.refresh_past(model, fixed);
                self.plan(model, fixed)?;
                self.phase = Phase::Apply;
                Ok(messages)
            }
            Phase::Apply => {
                self.phase = Phase::HandOver;
                let before = self.unknown.take().map(|applied| (applied, model.clone()));
                let messages = self.apply(model, fixed);
                if let Some((applied, before)) = before {
                    if !applied {
                        *model = before;
                    }
                    self.forget();
                    return Ok(Vec::new());
                }
                Ok(messages)
            }
            Phase::HandOver => {
                self.phase = Phase::Housekeeping;
                if std::mem::take(&mut self.backfill_run_ended) {
                    model.complete_backfills();
                }
                let admitted = std::mem::take(&mut self.admitted);
                self.busy |= !self.dirty.is_empty() || !self.to_load.is_empty() || !self.past_changed.is_empty();
                let submitted =
                    admitted.into_iter().filter(|(key, _)| !self.to_load.contains(key)).filter_map(|(key, index)| {
                        let ti = &self.runs.get(&key)?.planner.tis[index];
                        Some(Message::Submit(TryId { ti_id: ti.id, try_number: ti.try_number }))
                    });
                Ok(submitted.collect())
            }
        }
    }

    fn plan(&mut self, model: &Model, fixed: &Fixed) -> Result<(), Breach> {
        while let Some(&(at, key)) = self.timers.first().filter(|(at, _)| *at <= self.now) {
            self.timers.remove(&(at, key));
            self.dirty.insert(key);
            if let Some(run) = self.runs.get_mut(&key) {
                run.wake_at = None;
                if run.planner.run.state == RunState::Queued {
                    self.dags_to_start.insert(run.row.dag_id.clone());
                }
            }
        }
        self.start_queued(model, fixed);
        for key in &self.dirty {
            let Some(run) = self.runs.get_mut(key) else { continue };
            if let Some(at) = run.wake_at.take() {
                self.timers.remove(&(at, *key));
            }
            run.wake_at = if run.planner.run.state == RunState::Queued && run.row.run_after > self.now {
                Some(run.row.run_after)
            } else {
                laws::plan(&mut run.planner, self.now)?
            };
            self.timers.extend(run.wake_at.map(|at| (at, *key)));
            for index in run.planner.take_touched() {
                self.touched.push((*key, index));
                let (limits, candidate) = run.candidate(index);
                if run.planner.tis[index].state == Some(TaskState::Scheduled) {
                    self.queue.insert(limits, candidate);
                } else {
                    self.queue.remove(&limits, &candidate);
                }
            }
        }
        Ok(())
    }
}
