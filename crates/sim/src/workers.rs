//! Workers of the world: they claim tries, run them, say so, and report.

use std::collections::BTreeMap;

use tradewind_core::{Duration, TaskState, Timestamp, TryId};

use crate::laws::Breach;
use crate::model::{Finish, Model};
use crate::scenario::Outcome;

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
}

/// How often each try was executed; a sensor that looks again does so in the same try, as often as it asked to.
pub type Executions = BTreeMap<(TryId, i32), u32>;

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
        if self.running.iter().any(|running| running.try_id == try_id) {
            return Ok(());
        }
        if model.start_try(try_id, self.job, now) {
            self.running.push(Running { try_id, heard_at: now, report: None });
            let looks = model.tis.get(&try_id.ti_id).map_or(0, |ti| ti.reschedule_count);
            let count = executions.entry((try_id, looks)).or_default();
            *count += 1;
            if *count > 1 {
                return Err(Breach { law: "a try runs at most once", what: format!("{try_id:?} ran {count} times") });
            }
        }
        Ok(())
    }

    /// Ends one of its tries. Answers whether there was one.
    pub fn finish(&mut self, model: &mut Model, nth: usize, outcome: Outcome, unheard: bool, now: Timestamp) -> bool {
        if self.running.is_empty() {
            return false;
        }
        let nth = nth % self.running.len();
        let running = &mut self.running[nth];
        if running.report.is_none() {
            running.report = Some(end(model, running.try_id, outcome, now));
        }
        if !self.silent {
            let report = running.report.clone().expect("just made");
            model.finish_try(&report);
            if !unheard {
                self.running.remove(nth);
            }
        }
        true
    }

    /// Says what it runs, stops what is not its any more, and repeats reports that were not answered.
    pub fn beat(&mut self, model: &mut Model, now: Timestamp) {
        if self.silent {
            return;
        }
        model.heartbeat_job(self.job, now);
        self.running.retain(|running| {
            running
                .report
                .as_ref()
                .inspect(|report| {
                    model.finish_try(report);
                })
                .is_none()
        });
        let tries: Vec<TryId> = self.running.iter().map(|running| running.try_id).collect();
        let gone = model.heartbeat_tries(self.job, &tries, now);
        self.running.iter_mut().for_each(|running| running.heard_at = now);
        gone.into_iter().for_each(|try_id| self.stop(model, try_id, now));
    }

    /// Stops a try, if it runs it, and says so.
    pub fn stop(&mut self, model: &mut Model, try_id: TryId, now: Timestamp) {
        if self.silent {
            return;
        }
        if let Some(at) = self.running.iter().position(|running| running.try_id == try_id) {
            let running = self.running.remove(at);
            let report = running.report.unwrap_or_else(|| Finish::new(try_id, TaskState::Failed, now));
            model.finish_try(&report);
        }
    }
}

/// The report of a try that ends so.
fn end(model: &Model, try_id: TryId, outcome: Outcome, now: Timestamp) -> Finish {
    let finish = |state| Finish::new(try_id, state, now);
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
    }
}
