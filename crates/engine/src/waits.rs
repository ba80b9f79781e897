//! Waits without Python: triggers that wait for an instant, for runs or tasks of a DAG, or for a person's answer.
//!
//! Runs beside every scheduler. An instant is waited for exactly; ends of runs and tasks wake this loop, and only
//! the triggers that await their DAG are looked at. Several loops may fire one trigger: the database lets it count
//! once.

use std::collections::HashMap;
use std::time::Duration as StdDuration;

use tokio_util::sync::CancellationToken;
use tradewind_core::waiting::{AwaitedRun, ExternalWait, Verdict, Wait};
use tradewind_core::{Ends, TaskState, Timestamp, WaitOutcome};
use tradewind_protocol::SerializedDag;
use tradewind_store::{DueTrigger, Error, ExternalTrigger, Firing, Store, Topic};

use crate::clock::Clock;

/// Triggers that fire in one transaction.
const TOGETHER: u32 = 500;

/// The loop.
pub struct Waits<C> {
    store: Store,
    /// Where the runs and tasks are that are waited for.
    awaited: Store,
    clock: C,
    /// How often every external trigger is looked at, whatever was heard: for states that no event tells of.
    poll: StdDuration,
    /// Tasks of groups, by DAG version and group.
    groups: HashMap<(i64, String), Vec<String>>,
    next_full_look: Timestamp,
}

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitsReport {
    /// Triggers that fired and counted.
    pub fired: usize,
    /// When the next instant is due.
    pub next_due: Option<Timestamp>,
}

impl<C: Clock> Waits<C> {
    /// A loop on that database.
    pub fn new(store: Store, clock: C, poll: StdDuration) -> Self {
        let next_full_look = clock.now();
        let awaited = store.clone();
        Self { store, awaited, clock, poll, groups: HashMap::new(), next_full_look }
    }

    /// With the runs and tasks that are waited for in another database.
    #[must_use]
    pub fn looking_at(self, awaited: Store) -> Self {
        Self { awaited, ..self }
    }

    /// Works until `shutdown`. Database errors are logged, waited out and survived.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut hints = self.store.notifier().subscribe(Topic::Triggers);
        let mut backoff = StdDuration::from_millis(100);
        while !shutdown.is_cancelled() {
            let pause = match self.look(self.clock.now()).await {
                Ok(report) => {
                    backoff = StdDuration::from_millis(100);
                    let due = report.next_due.map_or(self.poll, |at| (at - self.clock.now()).to_std());
                    due.min(self.poll)
                }
                Err(error) => {
                    tracing::error!(%error, "waiting triggers can't be looked at; trying again");
                    backoff = (backoff * 2).min(StdDuration::from_secs(10));
                    backoff
                }
            };
            tokio::select! {
                () = hints.wait() => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// One look. Public so that tests can drive time themselves.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look(&mut self, now: Timestamp) -> Result<WaitsReport, Error> {
        let mut fired = 0;
        loop {
            let due = self.store.due_triggers(now, TOGETHER).await?;
            if due.is_empty() {
                break;
            }
            let mut firings = Vec::with_capacity(due.len());
            for trigger in due {
                let outcome = self.outcome_of_due(&trigger, now).await?;
                firings.push(Firing { trigger_id: trigger.id, triggerer: None, outcome });
            }
            fired += count(&self.store.fire_triggers(&firings, now).await?);
        }
        let all = self.next_full_look <= now;
        if all {
            self.next_full_look = now + tradewind_core::Duration::from_secs_f64(self.poll.as_secs_f64());
        }
        if all || self.store.external_triggers_changed().await? {
            fired += self.look_at_external(all, now).await?;
        }
        Ok(WaitsReport { fired, next_due: self.store.next_due_trigger().await? })
    }

    async fn outcome_of_due(&self, trigger: &DueTrigger, now: Timestamp) -> Result<WaitOutcome, Error> {
        if trigger.kind == "input" {
            return self.store.hitl_timed_out(trigger.ti, now).await;
        }
        Ok(match Wait::of(&trigger.classpath, &trigger.kwargs) {
            Wait::Time { ends: false, moment, .. } if trigger.ends.is_none() => WaitOutcome::Event { payload: moment },
            _ => WaitOutcome::End { state: TaskState::Success, xcoms: serde_json::Map::new(), reason: None },
        })
    }

    async fn look_at_external(&mut self, all: bool, now: Timestamp) -> Result<usize, Error> {
        let mut tx = self.store.begin().await?;
        let triggers = tx.take_external_triggers(all).await?;
        let mut firings = Vec::new();
        for trigger in triggers {
            let Wait::External(wait) = Wait::of(&trigger.classpath, &trigger.kwargs) else { continue };
            let tasks = self.tasks_of(&wait).await?;
            let runs = self.awaited.awaited_runs(&wait, &tasks).await?;
            if let Some(verdict) = wait.verdict(&runs, &tasks) {
                let outcome = outcome_of_external(&trigger, &wait, verdict, &runs);
                firings.push(Firing { trigger_id: trigger.id, triggerer: None, outcome });
            }
        }
        let counted = if firings.is_empty() { Vec::new() } else { tx.fire_triggers(&firings, now).await? };
        tx.commit().await?;
        Ok(count(&counted))
    }

    /// The tasks that are waited for: those that are named, or those of the group in the DAG's newest version.
    async fn tasks_of(&mut self, wait: &ExternalWait) -> Result<Vec<String>, Error> {
        let Some(group) = &wait.group_id else { return Ok(wait.task_ids.clone()) };
        let Some(version) = self.awaited.latest_version_of(&wait.dag_id).await? else { return Ok(Vec::new()) };
        let key = (version, group.clone());
        if let Some(known) = self.groups.get(&key) {
            return Ok(known.clone());
        }
        let Some(row) = self.awaited.dag_version(version).await? else { return Ok(Vec::new()) };
        let tasks = match serde_json::from_str::<SerializedDag>(&row.data) {
            Ok(dag) => dag.tasks_of_group(group),
            Err(error) => {
                tracing::error!(dag.id = wait.dag_id, %error, "this version of the DAG can't be read");
                Vec::new()
            }
        };
        if self.groups.len() > 1000 {
            self.groups.clear();
        }
        self.groups.insert(key, tasks.clone());
        Ok(tasks)
    }
}

fn count(counted: &[bool]) -> usize {
    counted.iter().filter(|counted| **counted).count()
}

/// An event for the task, or, if it has nothing to do besides, its end.
fn outcome_of_external(
    trigger: &ExternalTrigger,
    wait: &ExternalWait,
    verdict: Verdict,
    runs: &[AwaitedRun],
) -> WaitOutcome {
    match &trigger.ends {
        Some(ends) => end_of(ends, wait, verdict, runs),
        None => WaitOutcome::Event { payload: wait.event(verdict, runs) },
    }
}

fn end_of(ends: &Ends, wait: &ExternalWait, verdict: Verdict, runs: &[AwaitedRun]) -> WaitOutcome {
    let failed = runs.iter().find(|run| ends.failed_states.iter().any(|state| state == run.state.as_str()));
    let (state, reason) = match (verdict, failed) {
        (Verdict::Success, None) => (TaskState::Success, None),
        (Verdict::Success, Some(run)) => {
            let reason = format!("{} failed with failed state {} (run {})", wait.dag_id, run.state, run.run_id);
            (TaskState::UpForRetry, Some(reason))
        }
        (Verdict::Failed, _) => (TaskState::UpForRetry, Some(format!("the external DAG {} failed", wait.dag_id))),
        (Verdict::Skipped, _) => {
            (TaskState::Skipped, Some(format!("the external DAG {} reached a state that skips", wait.dag_id)))
        }
    };
    let state = if state == TaskState::UpForRetry && ends.soft_fail { TaskState::Skipped } else { state };
    WaitOutcome::End { state, xcoms: serde_json::Map::new(), reason }
}
