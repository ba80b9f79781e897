//! The triggerer: runs the triggers that need Python. Any number share them by leases; a dead one's go to the others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration as StdDuration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tradewind_core::{Duration, TaskState, Timestamp, WaitOutcome};
use tradewind_protocol::log_path;
use tradewind_protocol::triggers::RunTrigger;
use tradewind_store::{Error, Firing, LeasedTrigger, Store, Topic, TriggerOwner};

use crate::clock::Clock;
use crate::dead_jobs::end_jobs_of_dead_processes;

/// Runs triggers where a crash or a blocked loop can't hurt.
pub trait TriggerRunner: Send + Sync + 'static {
    /// Runs a trigger. One that runs already is left alone.
    fn run(&self, trigger: RunTrigger);
    /// Ends a trigger. `kill`: a person ended its task.
    fn cancel(&self, id: i64, kill: bool);
}

/// What comes from a runner: a trigger, and what it says; `None`: one that was to go on for ever ended.
pub type Said = (i64, Option<WaitOutcome>);

/// What the triggerer needs to know.
#[derive(Clone, Debug)]
pub struct TriggererConfig {
    /// Host name, for the job row.
    pub hostname: String,
    /// `[triggerer] capacity`: triggers that it runs at once.
    pub capacity: u32,
    /// `[triggerer] job_heartbeat_sec`
    pub heartbeat: Duration,
    /// `[triggerer] triggerer_health_check_threshold`: a triggerer that is silent for longer is dead.
    pub dead_after: Duration,
}

/// A triggerer.
pub struct Triggerer<C> {
    store: Store,
    clock: C,
    config: TriggererConfig,
    runner: Arc<dyn TriggerRunner>,
    said: mpsc::UnboundedReceiver<Said>,
    /// Its row in `job`.
    id: i64,
    /// What it runs, and for which try.
    running: HashMap<i64, Option<(i64, i32)>>,
    /// What was said and is not recorded yet.
    pending: Vec<Firing>,
}

impl<C: Clock> Triggerer<C> {
    /// Registers a triggerer with the database.
    ///
    /// # Errors
    /// When the database can't be written.
    pub async fn new(
        store: Store,
        clock: C,
        config: TriggererConfig,
        runner: Arc<dyn TriggerRunner>,
        said: mpsc::UnboundedReceiver<Said>,
    ) -> Result<Self, Error> {
        let now = clock.now();
        end_jobs_of_dead_processes(&store, &config.hostname, now).await?;
        let id = store.register_job("TriggererJob", &config.hostname, std::process::id(), now).await?;
        store.describe_job(id, &json!({"capacity": config.capacity})).await?;
        Ok(Self { store, clock, config, runner, said, id, running: HashMap::new(), pending: Vec::new() })
    }

    /// Its job.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Works until `shutdown`. Database errors are logged, waited out and survived.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut hints = self.store.notifier().subscribe(Topic::Triggers);
        let mut beat = tokio::time::interval(self.config.heartbeat.to_std().max(StdDuration::from_millis(100)));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let beats = tokio::select! {
                _ = beat.tick() => true,
                () = hints.wait() => false,
                said = self.said.recv() => {
                    let Some(said) = said else { break };
                    self.hear(said);
                    false
                }
                () = shutdown.cancelled() => break,
            };
            if let Err(error) = self.work(beats).await {
                tracing::error!(%error, "the triggerer could not reach the database; it tries again");
            }
        }
        let goodbye = async {
            self.store.release_triggers(self.id).await?;
            self.store.end_job(self.id, self.clock.now()).await
        };
        if let Err(error) = goodbye.await {
            tracing::warn!(%error, "the triggerer could not say goodbye; others take over when its heartbeat lapses");
        }
    }

    fn hear(&mut self, (trigger_id, outcome): Said) {
        match outcome {
            Some(outcome) => self.pending.push(Firing { trigger_id, triggerer: Some(self.id), outcome }),
            // It runs again with the next heartbeat.
            None => {
                tracing::warn!(trigger = trigger_id, "a watcher's trigger ended; it is run again");
                self.running.remove(&trigger_id);
            }
        }
    }

    /// One pass: heartbeat, what was said, what is to be run and what is not any more. Public so that tests can drive it.
    ///
    /// # Errors
    /// Those of the database. Nothing that was said is lost.
    pub async fn work(&mut self, beats: bool) -> Result<(), Error> {
        let now = self.clock.now();
        while let Ok(said) = self.said.try_recv() {
            self.hear(said);
        }
        if beats {
            self.store.heartbeat_job(self.id, now).await?;
            end_jobs_of_dead_processes(&self.store, &self.config.hostname, now).await?;
        }
        if !self.pending.is_empty() {
            for (firing, counted) in self.pending.iter().zip(self.store.fire_triggers(&self.pending, now).await?) {
                if !counted {
                    tracing::debug!(trigger = firing.trigger_id, "a trigger's event came too late");
                }
            }
            self.pending.clear();
        }
        self.take_turns(now).await
    }

    /// Runs what it holds leases on, and nothing else.
    async fn take_turns(&mut self, now: Timestamp) -> Result<(), Error> {
        let room = self.config.capacity.saturating_sub(u32::try_from(self.running.len()).unwrap_or(u32::MAX));
        let held = self.store.lease_triggers(self.id, now - self.config.dead_after, room).await?;
        let new: Vec<i64> = held.iter().copied().filter(|id| !self.running.contains_key(id)).collect();
        let held: HashSet<i64> = held.into_iter().collect();
        let gone: Vec<(i64, Option<(i64, i32)>)> =
            self.running.iter().filter(|(id, _)| !held.contains(id)).map(|(id, of)| (*id, *of)).collect();
        if !gone.is_empty() {
            let waited: Vec<i64> = gone.iter().filter_map(|(_, of)| of.map(|(ti_id, _)| ti_id)).collect();
            let standings = self.store.ti_standings(&waited).await?;
            for (id, of) in gone {
                self.runner.cancel(id, of.is_some_and(|of| was_ended_by_a_person(of, &standings)));
                self.running.remove(&id);
            }
        }
        if !new.is_empty() {
            for trigger in self.store.load_triggers(&new).await? {
                self.running.insert(trigger.id, try_of(&trigger));
                self.runner.run(to_run(trigger, self.id));
            }
        }
        Ok(())
    }
}

fn try_of(trigger: &LeasedTrigger) -> Option<(i64, i32)> {
    match &trigger.owner {
        TriggerOwner::Try { ti_id, try_number, .. } => Some((*ti_id, *try_number)),
        TriggerOwner::Watcher(_) => None,
    }
}

/// A trigger that is gone while its try neither goes on nor waits: somebody cleared or marked the task.
fn was_ended_by_a_person((ti_id, try_number): (i64, i32), at: &HashMap<i64, (i32, Option<TaskState>)>) -> bool {
    match at.get(&ti_id) {
        Some((now_at, state)) if *now_at == try_number => {
            !matches!(state, Some(TaskState::Scheduled | TaskState::Queued | TaskState::Running | TaskState::Deferred))
        }
        _ => true,
    }
}

fn to_run(trigger: LeasedTrigger, job: i64) -> RunTrigger {
    let (ti, log) = match &trigger.owner {
        TriggerOwner::Try { dag_id, run_id, task_id, map_index, try_number, .. } => {
            let mut log = log_path(dag_id, run_id, task_id, *map_index, *try_number).into_os_string();
            log.push(format!(".trigger.{job}.log"));
            let ti = json!({"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index,
                "try_number": try_number});
            (Some(ti), Some(log.into()))
        }
        TriggerOwner::Watcher(_) => (None, None),
    };
    let once = ti.is_some();
    RunTrigger { id: trigger.id, classpath: trigger.classpath, kwargs: trigger.kwargs, once, ti, log }
}
