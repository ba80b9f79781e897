//! What people and triggers do.

use serde_json::{Map, json};
use tradewind_core::plan::{BackfillRequest, backfill_dates};
use tradewind_core::timetable::{TimetableSpec, run_id};
use tradewind_core::{Duration, RunState, RunType, TaskState, WaitOutcome};
use tradewind_sim::{Fire, Step};
use tradewind_store::{BackfillOutcome, Firing, NewBackfill, NewBackfillRun, NewRun};

use crate::World;

impl World {
    pub(crate) fn ti_ids(&self) -> Vec<i64> {
        self.rows.iter().flat_map(|(_, tis)| tis.iter().map(|ti| ti.id)).collect()
    }

    pub(crate) async fn trigger(&mut self, dag: usize) {
        self.triggered += 1;
        let now = self.now();
        let run = NewRun {
            dag_id: format!("d{}", dag % self.scenario.dags.len().max(1)),
            run_id: format!("manual{}", self.triggered),
            run_type: RunType::Manual,
            logical_date: None,
            data_interval_start: None,
            data_interval_end: None,
            run_after: now,
            queued_at: now,
            conf: json!({}),
            triggered_by: None,
            triggering_user: None,
            note: None,
            dag_version_id: None,
            owner: None,
        };
        self.store.trigger_run(run).await.unwrap();
    }

    /// One of the triggers fires, if there is any.
    pub(crate) async fn fire(&mut self, nth: usize, fire: Fire) -> bool {
        let leased =
            self.store.lease_triggers(self.triggerer, &[], self.start - Duration::from_secs(1), 1_000).await.unwrap();
        if leased.is_empty() {
            return false;
        }
        let end = |state| WaitOutcome::End { state, xcoms: Map::new(), reason: None };
        let outcome = match fire {
            Fire::Event => WaitOutcome::Event { payload: json!(1) },
            Fire::Success => end(TaskState::Success),
            Fire::Retry => end(TaskState::UpForRetry),
            Fire::Skipped => end(TaskState::Skipped),
        };
        let firing = Firing { trigger_id: leased[nth % leased.len()], triggerer: Some(self.triggerer), outcome };
        self.store.fire_triggers(&[firing], self.now()).await.unwrap();
        true
    }

    /// Somebody makes, pauses or ends a backfill.
    pub(crate) async fn backfill(&mut self, step: Step) {
        let now = self.now();
        match step {
            Step::Backfill { dag, from, count, backwards, reprocess, max_active_runs } => {
                let dag = dag % self.scenario.dags.len().max(1);
                let shape = &self.scenario.dags[dag];
                let Some(every) = shape.every else { return };
                let spec: TimetableSpec =
                    serde_json::from_value(json!({"type": "delta_data_interval", "seconds": f64::from(every)}))
                        .unwrap();
                let first = self.start + Duration::from_secs(i64::from(every) * i64::from(from));
                let last = first + Duration::from_secs(i64::from(every) * i64::from(count.max(1) - 1));
                let request = BackfillRequest { from: first, to: last, run_backwards: backwards, reprocess };
                let past = shape.tasks.iter().any(|task| task.depends_on_past);
                let Ok(dates) = backfill_dates(&spec.compile().unwrap(), past, &request, now) else { return };
                let runs = dates.into_iter();
                let new = NewBackfill {
                    dag_id: format!("d{dag}"),
                    from: first,
                    to: last,
                    conf: None,
                    run_backwards: backwards,
                    reprocess,
                    max_active_runs: max_active_runs.max(1),
                    triggering_user: None,
                    latest_version: false,
                    default_retries: 0,
                    runs: runs
                        .map(|run| NewBackfillRun { run_id: run_id(RunType::Backfill, run.run_after), run })
                        .collect(),
                    at: now,
                };
                if let BackfillOutcome::Created(id) = self.store.create_backfill(&new).await.unwrap() {
                    self.backfills.push(id);
                }
            }
            Step::PauseBackfill { nth, paused } if !self.backfills.is_empty() => {
                let id = self.backfills[nth % self.backfills.len()];
                self.store.set_backfill_paused(id, paused, now).await.unwrap();
            }
            Step::CancelBackfill(nth) if !self.backfills.is_empty() => {
                let id = self.backfills[nth % self.backfills.len()];
                self.store.cancel_backfill(id, now).await.unwrap();
            }
            _ => {}
        }
    }

    /// In the end nobody waits, and every backfill is over once a scheduler has looked.
    pub(crate) async fn settled(&mut self) {
        let waits = |state| matches!(state, Some(TaskState::Deferred | TaskState::AwaitingInput));
        assert!(
            self.rows
                .iter()
                .all(|(run, tis)| { run.state != RunState::Queued && tis.iter().all(|ti| !waits(ti.state)) })
        );
        let leased =
            self.store.lease_triggers(self.triggerer, &[], self.start - Duration::from_secs(1), 1_000).await.unwrap();
        assert!(leased.is_empty(), "triggers {leased:?} are left");
        let fresh = self.scheduler().await;
        self.schedulers[0] = fresh;
        self.tick(0).await;
        let dags: Vec<String> = (0..self.scenario.dags.len()).map(|n| format!("d{n}")).collect();
        let open = self.store.backfill_limits(&dags).await.unwrap();
        assert!(open.is_empty(), "backfills {open:?} are not over");
    }
}
