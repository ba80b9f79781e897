//! Workers of the world: they claim tries, run them, say so, and report.

use std::collections::BTreeMap;

use tradewind_core::{Duration, TaskState, Timestamp, TryId};

use crate::laws::Breach;
use crate::model::{Finish, Model};
use crate::scenario::Outcome;
use crate::scheduler::Fixed;

/// A worker.
#[derive(Debug)]
pub struct Worker {
    /// Its job.
    pub job: i64,
    /// Cut off.
    pub silent: bool,
    /// What it runs.
    pub running: Vec<Running>,
}

/// A try that a worker runs.
#[derive(Debug)]
pub struct Running {
    /// Which.
    pub try_id: TryId,
    /// When the database last heard of it, by the world's time.
    pub heard_at: Timestamp,
    /// It has ended; the report was not answered yet.
    pub report: Option<Finish>,
    /// The report has ended the try.
    pub counted: bool,
}

impl Running {
    /// Reports the end, maybe again: that changes something at most once.
    fn tell(&mut self, model: &mut Model) -> Result<(), Breach> {
        let Some(report) = &self.report else { return Ok(()) };
        let fence = |model: &Model| model.tis.get(&self.try_id.ti_id).map(|ti| ti.fence);
        let before = fence(model);
        model.finish_try(report);
        if fence(model) != before && std::mem::replace(&mut self.counted, true) {
            return Err(Breach { law: "a report counts once", what: format!("{report:?}") });
        }
        Ok(())
    }
}

/// How often each try was executed. A sensor that looks again does so in the same try, as often as it asked to, and what
/// has waited for a trigger goes on in the same try, as often as it waited.
pub type Executions = BTreeMap<(TryId, i32, i32), u32>;

impl Worker {
    /// A new one.
    pub fn new(model: &mut Model, now: Timestamp) -> Self {
        Self { job: model.register_job(false, now), silent: false, running: Vec::new() }
    }

    /// Claims a try and, if it may, runs it.
    pub fn start(
        &mut self,
        model: &mut Model,
        try_id: TryId,
        now: Timestamp,
        executions: &mut Executions,
    ) -> Result<(), Breach> {
        if self.running.iter().any(|running| running.try_id == try_id && running.report.is_none()) {
            return Ok(());
        }
        if model.start_try(try_id, self.job, now) {
            self.running.push(Running { try_id, heard_at: now, report: None, counted: false });
            let looks = model.tis.get(&try_id.ti_id).map_or(0, |ti| ti.reschedule_count);
            let waits = model.waits.get(&try_id.ti_id).copied().unwrap_or_default();
            let count = executions.entry((try_id, looks, waits)).or_default();
            *count += 1;
            if *count > 1 {
                return Err(Breach { law: "a try runs at most once", what: format!("{try_id:?} ran {count} times") });
            }
        }
        Ok(())
    }

    /// Ends one of its tries, if there is one.
    pub fn finish(
        &mut self,
        model: &mut Model,
        fixed: &Fixed,
        nth: usize,
        outcome: Outcome,
        unheard: bool,
        now: Timestamp,
    ) -> Result<(), Breach> {
        if self.running.is_empty() {
            return Ok(());
        }
        let nth = nth % self.running.len();
        let running = &mut self.running[nth];
        if running.report.is_none() {
            running.report = Some(end(model, fixed, running.try_id, outcome, now));
        }
        if !self.silent {
            running.tell(model)?;
            if !unheard {
                self.running.remove(nth);
            }
        }
        Ok(())
    }

    /// Says what it runs, stops what is not its any more, and repeats reports that were not answered.
    pub fn beat(&mut self, model: &mut Model, now: Timestamp) -> Result<(), Breach> {
        if self.silent {
            return Ok(());
        }
        model.heartbeat_job(self.job, now);
        for running in &mut self.running {
            running.tell(model)?;
        }
        self.running.retain(|running| running.report.is_none());
        let tries: Vec<TryId> = self.running.iter().map(|running| running.try_id).collect();
        let gone = model.heartbeat_tries(self.job, &tries, now);
        self.running.iter_mut().for_each(|running| running.heard_at = now);
        gone.into_iter().try_for_each(|try_id| self.stop(model, try_id, now))
    }

    /// Stops a try, if it runs it, and says so.
    pub fn stop(&mut self, model: &mut Model, try_id: TryId, now: Timestamp) -> Result<(), Breach> {
        let at = self.running.iter().rposition(|running| running.try_id == try_id);
        let Some(at) = at.filter(|_| !self.silent) else { return Ok(()) };
        let mut running = self.running.remove(at);
        running.report.get_or_insert_with(|| Finish::new(try_id, TaskState::Failed, now));
        running.tell(model)
    }
}

/// The report of a try that ends so.
fn end(model: &Model, fixed: &Fixed, try_id: TryId, outcome: Outcome, now: Timestamp) -> Finish {
    let updates = || {
        let ti = model.tis.get(&try_id.ti_id)?;
        let dag = fixed.dag(&model.runs.get(&ti.run_key)?.dag_id);
        Some(dag.outlets[dag.dag.by_id[&ti.task_id]].clone())
    };
    let updates = updates().unwrap_or_default();
    let finish = |state| Finish { updates: updates.clone(), ..Finish::new(try_id, state, now) };
    match outcome {
        Outcome::Success(length) => Finish { map_length: Some(length), ..finish(TaskState::Success) },
        Outcome::Branch(bits) => {
            let of_run = model.tis.get(&try_id.ti_id);
            let mut others: Vec<&String> = of_run
                .into_iter()
                .flat_map(|ti| model.tis_of(ti.run_key).filter(|other| other.task_id > ti.task_id))
                .map(|other| &other.task_id)
                .collect();
            others.dedup();
            let chosen = others.into_iter().enumerate().filter(|(n, _)| bits >> (n % 32) & 1 == 1);
            let skip = chosen.map(|(_, task_id)| task_id.clone()).collect();
            Finish { skip, map_length: Some(1), ..finish(TaskState::Success) }
        }
        Outcome::Retry => Finish { reason: Some("it failed".into()), ..finish(TaskState::UpForRetry) },
        Outcome::Failed => finish(TaskState::Failed),
        Outcome::Skipped => finish(TaskState::Skipped),
        Outcome::Reschedule(seconds) => Finish {
            retry_at: Some(now + Duration::from_secs(i64::from(seconds))),
            ..finish(TaskState::UpForReschedule)
        },
        Outcome::Defer(seconds) => Finish {
            timeout: (seconds > 0).then(|| Duration::from_secs(i64::from(seconds))),
            ..finish(TaskState::Deferred)
        },
        Outcome::Ask => finish(TaskState::AwaitingInput),
    }
}
