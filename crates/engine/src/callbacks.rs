//! Runs callbacks where the DAG files are: claims what was queued, has it run in python children, records the ends.
//!
//! Any number of processors share the work: a claim is one process's until its lease is over. A callback that raises,
//! hangs or exits ends itself and nothing else.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tradewind_core::{Duration, Timestamp};
use tradewind_store::{CallbackEnd, ClaimedCallback, Store, Topic};

use crate::clock::Clock;
use crate::dead_jobs::end_jobs_of_dead_processes;

/// A lease lasts so much longer than a callback may run.
const SPARE: Duration = Duration::from_secs(60);
/// What callbacks may take when the processor is asked to end.
const PATIENCE: StdDuration = StdDuration::from_secs(10);
/// A callback that could not be begun is tried again after this time.
const LATER: Duration = Duration::from_secs(5);

/// What came of running a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It ran, well or not.
    Done(CallbackEnd),
    /// It could not be begun (no interpreter, no process left): again later.
    NotBegun(String),
}

/// Runs one callback where it can't hurt.
#[async_trait]
pub trait CallbackHost: Send + Sync + 'static {
    /// Runs it, for at most that long.
    async fn run(&self, callback: &ClaimedCallback, timeout: Duration) -> Ran;
}

/// What the runner needs to know.
#[derive(Clone, Debug)]
pub struct CallbackConfig {
    /// Names of the bundles whose files are here.
    pub bundles: Vec<String>,
    /// So many at once.
    pub parallelism: usize,
    /// `[dag_processor] max_callbacks_per_loop`: so many are claimed at once, at most.
    pub per_claim: u32,
    /// `[callbacks] callback_execution_timeout`
    pub timeout: Duration,
    /// Host name, for the job row.
    pub hostname: String,
    /// How often it says that it is alive.
    pub heartbeat: Duration,
}

/// The loop.
pub struct CallbackRunner<C> {
    store: Store,
    host: Arc<dyn CallbackHost>,
    config: CallbackConfig,
    clock: C,
}

/// What a finished callback brings back.
type Finished = (ClaimedCallback, Ran);

impl<C: Clock> CallbackRunner<C> {
    /// A runner for the files of some bundles.
    pub fn new(store: Store, host: Arc<dyn CallbackHost>, config: CallbackConfig, clock: C) -> Self {
        Self { store, host, config, clock }
    }

    /// Works until `shutdown`; what runs then may take [`PATIENCE`].
    pub async fn run(self, shutdown: CancellationToken) {
        let Some(job) = self.register(&shutdown).await else { return };
        let mut hints = self.store.notifier().subscribe(Topic::Callbacks);
        let mut running: JoinSet<Finished> = JoinSet::new();
        let mut next_heartbeat = self.clock.now();
        while !shutdown.is_cancelled() {
            let now = self.clock.now();
            if next_heartbeat <= now {
                if let Err(error) = self.store.heartbeat_job(job, now).await {
                    tracing::error!(%error, "the callback runner could not write its heartbeat");
                }
                next_heartbeat = now + self.config.heartbeat;
            }
            let wake_at = match self.start_some(job, &mut running).await {
                Ok(wake_at) => wake_at,
                Err(error) => {
                    tracing::error!(%error, "callbacks can't be claimed; they are looked at again soon");
                    Some(now + Duration::from_secs(1))
                }
            };
            let pause = (wake_at.unwrap_or(next_heartbeat).min(next_heartbeat) - self.clock.now()).to_std();
            tokio::select! {
                () = hints.wait() => {}
                Some(done) = running.join_next(), if !running.is_empty() => self.take_in(job, done).await,
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
        let finish = async {
            while let Some(done) = running.join_next().await {
                self.take_in(job, done).await;
            }
        };
        if tokio::time::timeout(PATIENCE, finish).await.is_err() {
            tracing::warn!("callbacks did not end in time; they are called again when somebody is there for them");
        }
        if let Err(error) = self.store.end_job(job, self.clock.now()).await {
            tracing::warn!(%error, "the callback runner could not say goodbye");
        }
    }

    /// Runs what is there now and waits for it; answers how many. For tests and tools that drive time themselves.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn run_once(&self, job: i64) -> Result<usize, tradewind_store::Error> {
        let mut running: JoinSet<Finished> = JoinSet::new();
        let mut count = 0;
        loop {
            self.start_some(job, &mut running).await?;
            let Some(done) = running.join_next().await else { return Ok(count) };
            count += 1;
            self.take_in(job, done).await;
        }
    }

    async fn register(&self, shutdown: &CancellationToken) -> Option<i64> {
        loop {
            let now = self.clock.now();
            let registered = async {
                // What a killed process had claimed is free at once.
                end_jobs_of_dead_processes(&self.store, &self.config.hostname, now).await?;
                self.store.register_job("CallbackJob", &self.config.hostname, std::process::id(), now).await
            };
            match registered.await {
                Ok(job) => return Some(job),
                Err(error) => {
                    tracing::error!(%error, "the callback runner could not reach the database; it tries again")
                }
            }
            tokio::select! {
                () = tokio::time::sleep(StdDuration::from_secs(1)) => {}
                () = shutdown.cancelled() => return None,
            }
        }
    }

    /// Claims as many as there is room for; answers when to look again if nobody says so before.
    async fn start_some(
        &self,
        job: i64,
        running: &mut JoinSet<Finished>,
    ) -> Result<Option<Timestamp>, tradewind_store::Error> {
        loop {
            let free = self.config.parallelism.max(1).saturating_sub(running.len());
            let limit = self.config.per_claim.min(u32::try_from(free).unwrap_or(u32::MAX));
            if limit == 0 {
                return Ok(None);
            }
            let lease = Duration::from_micros(self.config.timeout.as_micros().saturating_add(SPARE.as_micros()));
            let bundles = &self.config.bundles;
            let claimed = self.store.claim_callbacks(job, bundles, limit, self.clock.now(), lease).await?;
            if claimed.is_empty() {
                return self.store.next_callback_at(bundles).await;
            }
            for callback in claimed {
                let (host, timeout) = (Arc::clone(&self.host), self.config.timeout);
                running.spawn(async move {
                    let ran = host.run(&callback, timeout).await;
                    (callback, ran)
                });
            }
        }
    }

    /// Records the end of a callback, however long the database is away: else it would run again.
    async fn take_in(&self, job: i64, done: Result<Finished, tokio::task::JoinError>) {
        let (callback, ran) = match done {
            Ok(finished) => finished,
            // Its lease runs out, and it is claimed again.
            Err(error) => return tracing::error!(%error, "a callback's task ended unexpectedly"),
        };
        let mut pause = StdDuration::from_millis(100);
        loop {
            let now = self.clock.now();
            let written = match &ran {
                Ran::Done(end) => {
                    if let Some(error) = &end.error {
                        tracing::warn!(dag.id = callback.dag_id, kind = callback.kind, error, "a callback failed");
                    }
                    self.store.finish_callback(&callback, job, end, now).await.map(drop)
                }
                Ran::NotBegun(why) => {
                    tracing::warn!(dag.id = callback.dag_id, kind = callback.kind, why, "a callback waits");
                    self.store.postpone_callback(callback.id, job, now + LATER).await
                }
            };
            match written {
                Ok(()) => return,
                Err(error) if error.is_transient() && pause < StdDuration::from_secs(60) => {
                    tracing::warn!(%error, "the end of a callback can't be written; trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return tracing::error!(%error, "the end of a callback can't be written"),
            }
        }
    }
}
