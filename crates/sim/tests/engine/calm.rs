//! The calm: no more faults, and every run must end.

use std::sync::atomic::Ordering;

use tradewind_core::{Duration, RunState, TaskState};
use tradewind_sim::{Outcome, Rng};
use tradewind_store::{RunRow, TiRow};

use crate::World;

/// Rounds of the calm at most.
const ROUNDS: usize = 1_500;

impl World {
    /// What depends on a past that failed waits until a person says that it was good enough.
    pub(crate) async fn forgive(&mut self) {
        let looks_back = |run: &RunRow| {
            let shape = &self.scenario.dags[run.dag_id[1..].parse::<usize>().unwrap()];
            shape.tasks.iter().any(|task| task.depends_on_past || task.wait_for_downstream)
        };
        let well = |ti: &&TiRow| matches!(ti.state, Some(TaskState::Success | TaskState::Skipped));
        let runs = self.rows.iter().filter(|(run, _)| run.state != RunState::Running && looks_back(run));
        let bad: Vec<i64> = runs.flat_map(|(_, tis)| tis.iter().filter(|ti| !well(ti)).map(|ti| ti.id)).collect();
        self.store.set_ti_state(&bad, TaskState::Success, self.now()).await.unwrap();
        let never_begun =
            self.rows.iter().filter(|(run, tis)| run.state == RunState::Failed && looks_back(run) && tis.is_empty());
        for run_key in never_begun.map(|(run, _)| run.id).collect::<Vec<_>>() {
            self.store.set_run_state(run_key, RunState::Success, self.now(), &[]).await.unwrap();
        }
        self.laws(true).await;
    }

    pub(crate) async fn calm(&mut self) {
        self.create_runs = false;
        for nth in 0..self.schedulers.len() {
            self.schedulers[nth] = self.scheduler().await;
        }
        let dags: Vec<String> = (0..self.scenario.dags.len()).map(|n| format!("d{n}")).collect();
        self.store.set_paused(&dags, false).await.unwrap();
        for id in self.backfills.clone() {
            self.store.set_backfill_paused(id, false, self.now()).await.unwrap();
        }
        self.workers.iter_mut().for_each(|worker| worker.silent = false);
        let mut rng = Rng::new(self.scenario.seed);
        let mut idle = 0;
        for _ in 0..ROUNDS {
            let mut busy = false;
            for nth in 0..self.schedulers.len() {
                busy |= self.tick(nth).await;
            }
            let messages = std::mem::take(&mut *self.messages.lock().unwrap());
            busy |= !messages.is_empty();
            for (nth, message) in messages.into_iter().enumerate() {
                self.deliver(message, nth % self.workers.len()).await;
            }
            for nth in 0..self.workers.len() {
                self.poll(nth).await;
                self.beat(nth).await;
                busy |= !self.workers[nth].running.is_empty();
                let outcome =
                    [Outcome::Success(2), Outcome::Success(0), Outcome::Retry, Outcome::Skipped][rng.below(4)];
                self.finish(nth, 0, outcome, false).await;
            }
            if rng.one_in(3) {
                busy |= self.fire(0, tradewind_sim::Fire::Event).await;
            }
            self.laws(false).await;
            if self.rows.iter().all(|(run, _)| run.state.is_finished()) {
                self.settled().await;
                return;
            }
            idle = if busy { 0 } else { idle + 1 };
            if idle > 150 {
                idle = 0;
                self.forgive().await;
            }
            if !busy {
                let wake_at = self.schedulers.iter().map(|(one, _)| one.wake_at()).min().unwrap();
                let at = wake_at.max(self.now() + Duration::from_micros(1));
                self.now.store(at.as_micros(), Ordering::SeqCst);
            }
        }
        let open: Vec<_> = self.rows.iter().filter(|(run, _)| !run.state.is_finished()).collect();
        panic!("these runs do not end: {open:#?}");
    }
}
