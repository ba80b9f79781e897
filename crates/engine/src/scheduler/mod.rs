//! The scheduler: a loop around the pure planners of `core`.
//!
//! ```text
//! wait for a hint or an instant
//!   -> read the inbox, load what changed
//!   -> create runs that are due, start queued ones
//!   -> plan the runs that something happened to
//!   -> one transaction: admit, write, clear the inbox
//!   -> hand the admitted tries to their executors
//! ```
//!
//! Runs that this scheduler owns stay in memory between ticks, so that a tick costs what changed and not what
//! exists. Everything in memory can be thrown away at any moment and loaded again: the database is the truth,
//! every write is guarded, and a write that turns out stale makes its run be loaded afresh.

mod alerts;
mod apply;
mod assets;
mod dags;
mod due;
mod inbox;
mod others;
mod owned_run;
mod recovery;
mod redefine;
mod starts;
mod waiting;
mod workload;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration as StdDuration, Instant};

use tokio_util::sync::CancellationToken;
use tradewind_core::plan::{AdmissionQueue, Watch};
use tradewind_core::{Duration, RunState, Timestamp};
use tradewind_executors::Executor;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{Store, Topic};

use crate::clock::Clock;
use crate::dead_jobs::end_jobs_of_dead_processes;
use dags::DagCache;
use due::Schedules;
use owned_run::OwnedRun;

/// A tick that is over by then needs no rest after it.
const QUICK: StdDuration = StdDuration::from_millis(2);
/// However long a tick took.
const LONGEST_REST: StdDuration = StdDuration::from_millis(10);

/// What the scheduler needs to know.
#[derive(Clone, Debug)]
pub struct SchedulerConfig {
    /// What DAG files leave open.
    pub defaults: DagDefaults,
    /// `[scheduler] scheduler_heartbeat_sec`: how often this scheduler says that it is alive.
    pub heartbeat: Duration,
    /// `[scheduler] scheduler_health_check_threshold`: a scheduler that is silent for longer is dead.
    pub dead_after: Duration,
    /// `[scheduler] task_instance_heartbeat_timeout`: a worker that is silent for longer is lost.
    pub task_heartbeat_timeout: Duration,
    /// `[scheduler] max_dagruns_to_create_per_loop`: scheduled runs that one DAG gets in one tick.
    pub max_runs_per_tick: usize,
    /// `[scheduler] use_job_schedule`: create scheduled runs at all.
    pub create_runs: bool,
    /// Host name, for the job row.
    pub hostname: String,
    /// Longest sleep: a safety net under hints that got lost.
    pub poll: Duration,
}

/// The executors of `[core] executor`; the first is the default one.
#[derive(Clone)]
pub struct ExecutorSet {
    executors: Vec<Arc<dyn Executor>>,
}

impl ExecutorSet {
    /// # Panics
    /// If there is none.
    pub fn new(executors: Vec<Arc<dyn Executor>>) -> Self {
        assert!(!executors.is_empty(), "a scheduler needs an executor");
        Self { executors }
    }

    /// The one that tasks get that do not name one.
    pub fn default_one(&self) -> &Arc<dyn Executor> {
        &self.executors[0]
    }

    /// By the name that a task gives; empty means the default one.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Executor>> {
        if name.is_empty() {
            return self.executors.first();
        }
        let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        self.executors.iter().find(|e| e.name() == name || last(e.name()) == last(name))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Executor>> {
        self.executors.iter()
    }
}

/// Errors of the scheduler's loop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do what was asked.
    #[error(transparent)]
    Store(#[from] tradewind_store::Error),
}

/// What one tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// Runs created from schedules, by the clock and of assets.
    pub runs_created: usize,
    /// Task instance rows inserted or written.
    pub rows_written: usize,
    /// Tries handed to executors.
    pub tries_submitted: usize,
    /// Writes that came too late; their runs are loaded afresh.
    pub stale: usize,
    /// There is more to do at once.
    pub again: bool,
}

/// One scheduler. Any number may work on one database.
pub struct Scheduler<C> {
    store: Store,
    executors: ExecutorSet,
    config: SchedulerConfig,
    clock: C,
    /// This scheduler's row in `job`.
    id: i64,
    runs: HashMap<i64, OwnedRun>,
    dags: DagCache,
    queue: AdmissionQueue,
    /// Runs to load before planning.
    to_load: BTreeSet<i64>,
    /// Runs to plan in this tick.
    dirty: BTreeSet<i64>,
    /// DAGs that wait for assets and may have got what they wait for.
    asset_dags: BTreeSet<String>,
    /// DAGs whose queued runs may get a turn.
    dags_to_start: HashSet<String>,
    /// DAGs with `depends_on_past` of which task instances changed.
    past_changed: HashSet<String>,
    /// DAGs of which a run was changed behind the schedulers' backs; others may look back at it.
    concerned: BTreeSet<String>,
    /// When each sleeping run wants to be planned again.
    timers: BTreeSet<(Timestamp, i64)>,
    /// Which schedules need a look, and when.
    schedules: Schedules,
    next_heartbeat: Timestamp,
    /// When the next deadline is due, over all runs.
    next_deadline: Option<Timestamp>,
    /// Other schedulers' signs of life.
    schedulers: Watch,
    /// Running tries' signs of life.
    tries: Watch,
}

impl<C: Clock> Scheduler<C> {
    /// Registers a scheduler with the database.
    ///
    /// # Errors
    /// When the database can't be written.
    pub async fn new(store: Store, executors: ExecutorSet, config: SchedulerConfig, clock: C) -> Result<Self, Error> {
        let now = clock.now();
        end_jobs_of_dead_processes(&store, &config.hostname, now).await?;
        let id = store.register_job("SchedulerJob", &config.hostname, std::process::id(), now).await?;
        executors.iter().for_each(|executor| executor.begin(id));
        Ok(Self {
            store,
            executors,
            config,
            clock,
            id,
            runs: HashMap::new(),
            dags: DagCache::default(),
            queue: AdmissionQueue::default(),
            to_load: BTreeSet::new(),
            dirty: BTreeSet::new(),
            asset_dags: BTreeSet::new(),
            dags_to_start: HashSet::new(),
            past_changed: HashSet::new(),
            concerned: BTreeSet::new(),
            timers: BTreeSet::new(),
            schedules: Schedules::default(),
            next_heartbeat: now,
            next_deadline: Some(Timestamp::from_micros(0)),
            schedulers: Watch::default(),
            tries: Watch::default(),
        })
    }

    /// Works until `shutdown`. Database errors are logged, waited out and survived.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut hints = self.store.notifier().subscribe(Topic::Scheduler);
        let mut dag_hints = self.store.notifier().subscribe(Topic::Dags);
        let mut timetable_hints = self.store.notifier().subscribe(Topic::Timetables);
        let mut backoff = StdDuration::from_millis(100);
        while !shutdown.is_cancelled() {
            let now = self.clock.now();
            let begun = Instant::now();
            let pause = match self.tick(now).await {
                Ok(report) => {
                    backoff = StdDuration::from_millis(100);
                    tracing::trace!(?report, "tick");
                    if report.again { StdDuration::ZERO } else { (self.wake_at() - self.clock.now()).to_std() }
                }
                Err(error) => {
                    tracing::error!(%error, "the scheduler could not reach the database; it tries again");
                    self.forget();
                    backoff = (backoff * 2).min(StdDuration::from_secs(10));
                    backoff
                }
            };
            if pause.is_zero() {
                continue;
            }
            if let Some(rest) = rest_after(begun.elapsed()) {
                tokio::time::sleep(rest).await;
            }
            tokio::select! {
                () = hints.wait() => {}
                () = dag_hints.wait() => self.schedules_changed(),
                () = timetable_hints.wait() => self.timetables_answered(),
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
        if let Err(error) = self.store.end_job(self.id, self.clock.now()).await {
            tracing::warn!(%error, "the scheduler could not say goodbye; another one takes over when its heartbeat lapses");
        }
    }

    /// One pass. Public so that tests and tools can drive time themselves.
    ///
    /// # Errors
    /// When the database fails; nothing in memory can be trusted then, see [`Scheduler::forget`].
    pub async fn tick(&mut self, now: Timestamp) -> Result<TickReport, Error> {
        // A clock that was set back does not make this scheduler silent.
        if self.next_heartbeat <= now || self.next_heartbeat - now > self.config.heartbeat {
            self.housekeeping(now).await?;
        }
        let inbox = self.read_inbox().await?;
        let asset_runs = self.create_asset_runs(now).await?;
        let created = self.find_due_runs(now).await?;
        self.load_pending().await?;
        self.check_deadlines(now).await?;
        self.refresh_past().await?;
        self.take_due_timers(now);
        self.start_queued_runs(now).await?;
        self.plan_dirty(now);
        let mut report = self.apply(&inbox, created, now).await?;
        report.runs_created += asset_runs;
        report.again |= !self.dirty.is_empty() || !self.to_load.is_empty() || !self.past_changed.is_empty();
        Ok(report)
    }

    /// DAGs were parsed, paused or unpaused: their schedules need a look.
    pub fn schedules_changed(&mut self) {
        self.schedules.look_at_all(self.clock.now());
    }

    /// Timetables that Python computes have answered: those DAGs need a look.
    pub fn timetables_answered(&mut self) {
        self.schedules.answered();
    }

    /// The next instant at which a run wants to go on, heartbeats and schedules aside.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The next instant at which something is due if nothing happens before.
    pub fn wake_at(&self) -> Timestamp {
        let timer = self.timers.first().map(|(at, _)| *at);
        let due = self.schedules.wake_at().filter(|_| self.config.create_runs);
        let poll = self.clock.now() + self.config.poll;
        [timer, due, self.next_deadline, Some(self.next_heartbeat), Some(poll)]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(poll)
    }

    /// Throws away everything in memory; the next tick loads it again.
    pub fn forget(&mut self) {
        self.runs.clear();
        self.queue = AdmissionQueue::default();
        self.timers.clear();
        self.dirty.clear();
        self.to_load.clear();
        self.asset_dags.clear();
        self.schedules = Schedules::default();
        // Adoption, which also brings back what is ours, happens with the next heartbeat.
        self.next_heartbeat = Timestamp::from_micros(0);
    }

    /// Heartbeat, adoption of runs that nobody owns, and lost tries.
    async fn housekeeping(&mut self, now: Timestamp) -> Result<(), Error> {
        self.store.heartbeat_job(self.id, now).await?;
        self.end_dead_schedulers(now).await?;
        // Who is dead was decided just now, and not by what two clocks say.
        let owned: HashSet<i64> =
            self.store.adopt_runs(self.id, Timestamp::from_micros(0)).await?.into_iter().collect();
        self.to_load.extend(owned.iter().filter(|key| !self.runs.contains_key(key)));
        // Taken over by others, who took this scheduler for dead.
        self.to_load.extend(self.runs.keys().filter(|key| !owned.contains(key)));
        self.store.complete_backfills(now).await?;
        self.next_heartbeat = now + self.config.heartbeat;
        self.deadlines_changed();
        self.remind_executors(now).await?;
        self.recover_lost_tries(now).await
    }

    /// Runs whose time has come need a look.
    fn take_due_timers(&mut self, now: Timestamp) {
        while let Some(&(at, run_key)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.dirty.insert(run_key);
            if let Some(run) = self.runs.get_mut(&run_key) {
                run.wake_at = None;
                if run.planner.run.state == RunState::Queued {
                    self.dags_to_start.insert(run.row.dag_id.clone());
                }
            }
        }
    }

    /// Plans every run that something happened to.
    fn plan_dirty(&mut self, now: Timestamp) {
        for run_key in &self.dirty {
            let Some(run) = self.runs.get_mut(run_key) else { continue };
            if let Some(at) = run.wake_at.take() {
                self.timers.remove(&(at, *run_key));
            }
            let early = run.planner.run.state == RunState::Queued && run.row.run_after > now;
            run.wake_at = if early { Some(run.row.run_after) } else { run.planner.plan(now) };
            if let Some(at) = run.wake_at {
                self.timers.insert((at, *run_key));
            }
        }
    }
}

/// Under load, when ticks take long, one tick takes in what many others changed meanwhile, and the database is theirs for
/// as long as it was the scheduler's. A quick tick is followed by the next one at once.
fn rest_after(tick: StdDuration) -> Option<StdDuration> {
    // Even a sleep of no time would last until the clock's next millisecond.
    (tick >= QUICK).then(|| tick.min(LONGEST_REST))
}
