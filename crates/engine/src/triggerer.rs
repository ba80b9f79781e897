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
    /// So many more events of a watcher's trigger are in the database.
    fn kept(&self, id: i64, count: usize);
}

/// What comes from a runner.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A trigger has something to say.
    Outcome(i64, WaitOutcome),
    /// One that was to go on for ever ended.
    Ended {
        /// The trigger.
        id: i64,
        /// It did not end well.
        failed: bool,
    },
}

/// A watcher's trigger that ended runs again after this; after each failure in a row the pause is doubled.
const REST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// What the triggerer needs to know.
#[derive(Clone, Debug)]
pub struct TriggererConfig {
    /// Host name, for the job row.
    pub hostname: String,
    /// `--queues`: it runs the triggers of these queues; none: those that have no queue.
    pub queues: Vec<String>,
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
    /// Watchers' triggers that ended: when they run again, and how many failures in a row there were.
    resting: HashMap<i64, (Timestamp, u32)>,
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
        store.describe_job(id, &json!({"capacity": config.capacity, "queues": config.queues})).await?;
        let (running, resting) = (HashMap::new(), HashMap::new());
        Ok(Self { store, clock, config, runner, said, id, running, resting, pending: Vec::new() })
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
            let rested = self.rested();
            let beats = tokio::select! {
                _ = beat.tick() => true,
                () = rested => false,
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

    fn hear(&mut self, said: Said) {
        match said {
            Said::Outcome(trigger_id, outcome) => {
                self.pending.push(Firing { trigger_id, triggerer: Some(self.id), outcome });
            }
            Said::Ended { id, failed } => {
                self.running.remove(&id);
                let failures = self.resting.get(&id).map_or(0, |(_, failures)| *failures);
                let failures = if failed { failures + 1 } else { 0 };
                let doubled = REST.as_secs_f64() * f64::from(1u32 << failures.saturating_sub(1).min(16));
                let seconds = doubled.min(LONGEST_REST.as_secs_f64());
                let pause = Duration::from_secs_f64(seconds);
                if failed {
                    tracing::warn!(
                        trigger = id,
                        failures,
                        "a watcher's trigger failed; it runs again in {seconds:.0} s"
                    );
                }
                self.resting.insert(id, (self.clock.now() + pause, failures));
            }
        }
    }

    /// When the next trigger that rests runs again; never, if none rests.
    fn rested(&self) -> impl Future<Output = ()> + use<C> {
        let resting = self.resting.iter().filter(|(id, _)| !self.running.contains_key(id));
        let pause = resting.map(|(_, (until, _))| *until).min().map(|until| (until - self.clock.now()).to_std());
        // Not in a circle while the database can't be reached.
        let pause = pause.map(|pause| pause.max(StdDuration::from_millis(100)));
        async move {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
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
            let mut kept: HashMap<i64, usize> = HashMap::new();
            for (firing, counted) in self.pending.iter().zip(self.store.fire_triggers(&self.pending, now).await?) {
                let watches = self.running.get(&firing.trigger_id).is_none_or(Option::is_none);
                if counted && watches {
                    *kept.entry(firing.trigger_id).or_default() += 1;
                } else if !counted {
                    tracing::debug!(trigger = firing.trigger_id, "a trigger's event came too late");
                }
            }
            for (id, count) in kept {
                self.runner.kept(id, count);
            }
            self.pending.clear();
        }
        self.take_turns(now).await
    }

    /// Runs what it holds leases on, and nothing else.
    async fn take_turns(&mut self, now: Timestamp) -> Result<(), Error> {
        let room = self.config.capacity.saturating_sub(u32::try_from(self.running.len()).unwrap_or(u32::MAX));
        let live_since = now - self.config.dead_after;
        let held = self.store.lease_triggers(self.id, &self.config.queues, live_since, room).await?;
        let rests = |id: &i64| self.resting.get(id).is_some_and(|(until, _)| *until > now);
        let new: Vec<i64> = held.iter().copied().filter(|id| !self.running.contains_key(id) && !rests(id)).collect();
        let held: HashSet<i64> = held.into_iter().collect();
        self.resting.retain(|id, _| held.contains(id));
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
        TriggerOwner::Watcher { .. } => None,
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
    let (ti, log, assets) = match &trigger.owner {
        TriggerOwner::Try { dag_id, run_id, task_id, map_index, try_number, .. } => {
            let mut log = log_path(dag_id, run_id, task_id, *map_index, *try_number).into_os_string();
            log.push(format!(".trigger.{job}.log"));
            let ti = json!({"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index,
                "try_number": try_number});
            (Some(ti), Some(log.into()), Vec::new())
        }
        TriggerOwner::Watcher { assets } => {
            let assets = assets.iter().map(|asset| json!({"name": asset.name, "uri": asset.uri})).collect();
            (None, None, assets)
        }
    };
    let once = ti.is_some();
    let LeasedTrigger { id, classpath, kwargs, bundle, .. } = trigger;
    RunTrigger { id, classpath, kwargs, once, ti, assets, bundle, log }
}
