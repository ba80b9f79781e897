//! The calm after the steps: no more faults, and everything must come to its end.

use tradewind_core::{Duration, RunState, TaskState};

use super::{Report, World};
use crate::generate::{fire, outcome};
use crate::laws::{self, Actor, Breach};
use crate::scenario::Outcome;
use crate::scheduler::Scheduler;

/// Rounds of the calm at most: far more than any of the scenarios needs.
const ROUNDS: usize = 6_000;

/// Rounds of the calm in which nothing happens until a person looks: longer than anything that only takes time.
const PATIENCE: usize = 150;

impl World {
    /// What depends on a past that failed, or that was cleared and finds no place, waits until a person says that it
    /// was good enough.
    fn forgive(&mut self) -> Result<(), Breach> {
        let before = self.model.clone();
        let looks_back = |dag_id: &str| self.fixed.dag(dag_id).dag.tasks.iter().any(|task| task.depends_on_past);
        let bad = self.model.tis.values().filter(|ti| {
            let run = &self.model.runs[&ti.run_key];
            let good = matches!(ti.state, Some(TaskState::Success | TaskState::Skipped));
            !good && run.state != RunState::Running && looks_back(&run.dag_id)
        });
        let bad: Vec<i64> = bad.map(|ti| ti.id).collect();
        self.model.set_ti_state(&bad, TaskState::Success, self.now);
        let never_begun = self.model.runs.values().filter(|run| {
            run.state == RunState::Failed && looks_back(&run.dag_id) && self.model.tis_of(run.id).next().is_none()
        });
        let never_begun: Vec<i64> = never_begun.map(|run| run.id).collect();
        self.model.mark_runs_as_success(&never_begun, self.now);
        self.changed(&before, Actor::Person)
    }

    /// No more faults, no new runs: everything must come to its end.
    pub(super) fn calm(&mut self) -> Result<Report, Breach> {
        self.create_runs = false;
        for scheduler in &mut self.schedulers {
            scheduler.skew = Duration::ZERO;
            scheduler.unknown = None;
        }
        self.workers.iter_mut().for_each(|worker| worker.silent = false);
        for dag in &self.fixed.dags {
            self.model.set_paused(&dag.dag.dag_id, false);
        }
        let backfills: Vec<i64> = self.model.backfills.keys().copied().collect();
        for id in backfills {
            self.model.set_backfill_paused(id, false);
        }
        let mut idle = 0;
        for _ in 0..ROUNDS {
            let before = self.model.clone();
            let mut busy = false;
            for nth in 0..self.schedulers.len() {
                self.tick(nth)?;
                busy |= self.schedulers[nth].busy;
            }
            for (nth, message) in std::mem::take(&mut self.messages).into_iter().enumerate() {
                self.deliver(message, nth % self.workers.len())?;
            }
            for nth in 0..self.workers.len() {
                self.poll(nth)?;
                self.worker_acts(nth, |worker, model, _, now| worker.beat(model, now))?;
                let mut outcome = outcome(&mut self.rng);
                // Sensors find what they look for in the end.
                let waits = matches!(outcome, Outcome::Reschedule(_) | Outcome::Defer(_) | Outcome::Ask);
                if waits && self.rng.one_in(2) {
                    outcome = Outcome::Success(2);
                }
                self.worker_acts(nth, |worker, model, fixed, now| worker.finish(model, fixed, 0, outcome, false, now))?;
            }
            // Some time passes before what is waited for comes, so that timeouts have their turn.
            if self.rng.one_in(4)
                && let Some(trigger) = self.model.triggers.keys().next().copied()
            {
                let says = fire(&mut self.rng);
                self.fire(trigger, says)?;
            }
            let assets_settled = self.model.inbox.values().all(|row| row.dag_id.is_none());
            if assets_settled && self.model.runs.values().all(|run| run.state.is_finished()) {
                self.schedulers[0].heartbeats_next();
                self.tick(0)?;
                laws::schedules(&self.model, &self.fixed)?;
                laws::settled(&self.model, &self.fixed)?;
                return Ok(Report { runs: self.model.runs.len(), tries: self.executions.len() });
            }
            busy |= self.model.tis != before.tis || self.model.runs != before.runs;
            idle = if busy { 0 } else { idle + 1 };
            if idle > PATIENCE {
                idle = 0;
                self.forgive()?;
            }
            if !busy {
                let wake_at = self.schedulers.iter().map(Scheduler::wake_at).min().unwrap_or(self.now);
                self.now = wake_at.max(self.now + Duration::from_micros(1));
            }
        }
        let open: Vec<_> = self.model.runs.values().filter(|run| !run.state.is_finished()).collect();
        let tis: Vec<_> = open.iter().flat_map(|run| self.model.tis_of(run.id)).collect();
        Err(Breach { law: "every run ends", what: format!("{open:#?}\n{tis:#?}") })
    }
}
