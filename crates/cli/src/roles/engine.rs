//! Starts the engine's loops on a database: scheduler with its executor, dag processors.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tradewind_core::TryId;
use tradewind_engine::SystemClock;
use tradewind_engine::dag_processor::{DagProcessor, Questions, Timetables, TimetablesConfig};
use tradewind_engine::scheduler::{ExecutorSet, Scheduler};
use tradewind_engine::waits::Waits;
use tradewind_executors::{Executor, Notice, OF_TWO, Parts, TryRunner, build, kubernetes, runs_here};
use tradewind_protocol::Workload;
use tradewind_protocol::serialized_dag::ExecutorName;
use tradewind_server::StoreTaskApi;
use tradewind_server::task_api::TaskApiConfig;
use tradewind_store::{Store, Topic};
use tradewind_worker::Worker;
use tradewind_worker::host::Hosts;

use super::parser::HostParser;
use super::repositories::Repository;
use super::settings::{self, Bundle};
use crate::config::{Config, options};
use crate::error::CliError;

/// How often waits for states that no event tells of are looked at.
const WAITS_POLL: Duration = Duration::from_secs(30);

/// The worker of this process, as executors know it.
pub struct Runner(pub Worker);

impl TryRunner for Runner {
    fn submit(&self, workload: Workload) {
        self.0.submit(workload);
    }

    fn cancel(&self, try_id: TryId) {
        self.0.cancel(try_id);
    }
}

/// No executor needs a worker in this process.
struct Nobody;

impl TryRunner for Nobody {
    fn submit(&self, workload: Workload) {
        tracing::error!(try_id = %workload.try_id, "a try was handed to this process, which runs none");
    }

    fn cancel(&self, _try_id: TryId) {}
}

/// A running scheduler and the worker that it may have.
pub struct RunningScheduler {
    task: JoinHandle<()>,
    worker: Option<Worker>,
    patience: Duration,
}

impl RunningScheduler {
    /// Waits for the scheduler, which was asked to end; ends the tries of its worker with a word in their logs.
    pub async fn ended(self) {
        if let Some(worker) = &self.worker {
            let stopped = worker.stop("Tradewind is shutting down");
            if tokio::time::timeout(self.patience, stopped).await.is_err() {
                tracing::warn!(tries = worker.tries().len(), "tasks did not end in time and are abandoned");
            }
            worker.farewell().await;
        }
        let _ = self.task.await;
    }
}

/// Starts a scheduler, with a worker in this process unless workers elsewhere do the work.
///
/// # Errors
/// The executor is not available, or the database cannot be written.
pub async fn scheduler(
    config: &Config,
    store: &Store,
    hosts: &Hosts,
    bundles: &[Bundle],
    shutdown: CancellationToken,
) -> Result<RunningScheduler, CliError> {
    let names = ExecutorName::list(config.text(&options::EXECUTOR));
    if names.is_empty() {
        return Err(CliError::usage("[core] executor names no executor").hint("the ordinary one is LocalExecutor"));
    }
    let worker_config = settings::local_worker(config, bundles);
    let worker = names.iter().any(|name| runs_here(name.class())).then(|| {
        let api = StoreTaskApi::new(store.clone(), TaskApiConfig::from(&settings::server(config)));
        Worker::new(worker_config.clone(), Arc::new(api), hosts.clone())
    });
    let runner: Arc<dyn TryRunner> = match &worker {
        Some(worker) => Arc::new(Runner(worker.clone())),
        None => Arc::new(Nobody),
    };
    let mut executors: Vec<Arc<dyn Executor>> = Vec::with_capacity(names.len());
    for name in &names {
        let notifier = store.notifier().clone();
        let pods = name.class() == kubernetes::NAME
            || OF_TWO.iter().any(|(of_two, parts)| *of_two == name.class() && parts.contains(&kubernetes::NAME));
        let kubernetes = match pods {
            true => Some(super::kubernetes::executor(config, store, worker_config.concurrency).await?),
            false => None,
        };
        let parts = Parts {
            parallelism: worker_config.concurrency,
            runner: Arc::clone(&runner),
            // The transaction that queued them has told the api-servers; this is for one in the same process.
            notify: Arc::new(move |notice| match notice {
                Notice::Queued(_) | Notice::Unwanted(_) => notifier.notify(Topic::Queue),
            }),
            kubernetes,
            broker: super::celery::outbox(config, name.class())?,
            kubernetes_queue: super::celery::kubernetes_queue(config, name.class()),
        };
        executors.push(build(&name.path, &parts).map_err(|error| CliError::usage(error.to_string()))?);
    }
    let scheduler =
        Scheduler::new(store.clone(), ExecutorSet::new(executors), settings::scheduler(config), SystemClock)
            .await
            .map_err(|error| CliError::failed(error.to_string()))?;
    let waits = Waits::new(store.clone(), SystemClock, WAITS_POLL);
    tokio::spawn(waits.run(shutdown.clone()));
    let patience = worker_config.killed_task_cleanup_time + Duration::from_secs(5);
    Ok(RunningScheduler { task: tokio::spawn(scheduler.run(shutdown)), worker, patience })
}

/// Starts what asks the timetables of a folder's DAGs; files that they import read variables from `variables`.
pub fn timetables(
    config: &Config,
    store: &Store,
    variables: Store,
    hosts: &Hosts,
    bundle: &Bundle,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let host = Arc::new(HostParser::new(hosts.of(&bundle.name).clone(), super::parser::answerer(variables)));
    let settings = TimetablesConfig::from(&settings::processor(config, bundle));
    let questions = Questions::new(store.clone(), Arc::clone(&host) as _, settings.timeout, SystemClock);
    tokio::spawn(questions.run(shutdown.clone()));
    tokio::spawn(Timetables::new(store.clone(), host, settings, SystemClock).run(shutdown))
}

/// Starts a dag processor for each folder, and what asks the timetables of its DAGs.
pub fn dag_processors(
    config: &Config,
    store: &Store,
    hosts: &Hosts,
    bundles: &[Bundle],
    shutdown: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let start = |bundle: &Bundle| {
        let answerer = super::parser::answerer(store.clone());
        let parser = Arc::new(HostParser::new(hosts.of(&bundle.name).clone(), answerer));
        let mut settings = settings::processor(config, bundle);
        settings.environment = hosts.of(&bundle.name).config().follow.clone();
        let mut processor = DagProcessor::new(store.clone(), parser, settings, SystemClock);
        let mut follower = None;
        if let Some(repository) = Repository::of(config, bundle) {
            let (tell, revisions) = watch::channel(None);
            processor = processor.following(revisions);
            let ask = super::parser::answerer(store.clone());
            follower = Some(tokio::spawn(Arc::new(repository).follow(ask, tell, shutdown.clone())));
        }
        let timetables = timetables(config, store, store.clone(), hosts, bundle, shutdown.clone());
        [Some(tokio::spawn(processor.run(shutdown.clone()))), Some(timetables), follower].into_iter().flatten()
    };
    bundles.iter().flat_map(start).collect()
}
