//! Runs a DAG, or one task of it, here and now: with the real scheduler and worker on a database that is thrown away
//! afterwards. Variables, connections and XComs of earlier tasks come from the real one, which is not changed by
//! running (only by what the tasks themselves do to variables).

mod api;
mod follow;
mod load;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tradewind_core::timetable::run_id;
use tradewind_core::{RunState, RunType, Timestamp};
use tradewind_engine::SystemClock;
use tradewind_engine::dag_processor::parsed_dag;
use tradewind_engine::scheduler::{ExecutorSet, Scheduler};
use tradewind_engine::waits::Waits;
use tradewind_executors::LocalExecutor;
use tradewind_server::StoreTaskApi;
use tradewind_server::task_api::TaskApiConfig;
use tradewind_store::read::{RunView, TI_COLUMNS, TiFilter, TiView};
use tradewind_store::{FileResult, NewRun, Store, StoreOptions, Topic, TriggerOutcome};
use tradewind_worker::Worker;
use tradewind_worker::host::Hosts;

use crate::commands::lookup::{ALL, order};
use crate::config::Config;
use crate::error::CliError;
use crate::progress::Progress;
use crate::roles::{self, Runner, Triggering, settings};

pub use load::{Found, find};

/// How often runs and tasks that a trial waits for are looked at: nobody tells it of the real database's.
const WAITS_POLL: Duration = Duration::from_secs(1);

/// What to try.
pub struct Trial {
    /// The DAG, perhaps cut down to what should run.
    pub found: Found,
    /// Logical date.
    pub logical_date: Timestamp,
    /// Id of the run; default: made from the date.
    pub run_id: Option<String>,
    /// Configuration of the run.
    pub conf: Value,
    /// The database that variables and connections come from, if there is one.
    pub real: Option<Store>,
    /// Without the logs of its tasks.
    pub quiet: bool,
}

/// How it ended.
pub struct Outcome {
    /// The run.
    pub run: RunView,
    /// Its task instances.
    pub tasks: Vec<TiView>,
}

/// Python hosts for a trial.
///
/// # Errors
/// There is no usable Python.
pub async fn hosts(config: &Config) -> Result<Hosts, CliError> {
    hosts_with(config, &Value::Null).await
}

/// The same, with more environment for tasks.
///
/// # Errors
/// There is no usable Python.
pub async fn hosts_with(config: &Config, environment: &Value) -> Result<Hosts, CliError> {
    let progress = Progress::new();
    let more = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.into(), text.into())
    };
    let more: Vec<_> = environment.as_object().into_iter().flatten().map(more).collect();
    let hosts = roles::hosts_with(config, &settings::bundles(config)?, &more, &progress)?;
    progress.done();
    hosts.start().await.map_err(|error| CliError::failed(error.to_string()))?;
    Ok(hosts)
}

/// Runs it to its end, with the logs of its tasks on standard output. Ends early when asked to.
///
/// # Errors
/// It cannot be started. Tasks that fail are no error.
pub async fn run(
    config: &Config,
    hosts: &Hosts,
    trial: Trial,
    shutdown: CancellationToken,
) -> Result<Outcome, CliError> {
    let folder =
        std::env::temp_dir().join(format!("tradewind-trial-{}-{}", std::process::id(), crate::home::random_text(6)));
    crate::home::private_folder(&folder)?;
    let outcome = run_in(&folder, config, hosts, trial, shutdown).await;
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

async fn run_in(
    folder: &std::path::Path,
    config: &Config,
    hosts: &Hosts,
    trial: Trial,
    shutdown: CancellationToken,
) -> Result<Outcome, CliError> {
    let store =
        Store::open(&format!("sqlite:///{}", folder.join("trial.db").display()), StoreOptions::default()).await?;
    store.migrate().await?;
    // Its folder is here, at the commit that was just fetched.
    let bundles = vec![settings::Bundle { git: None, ..trial.found.bundle.clone() }];
    let (dag_id, quiet) = (trial.found.dag.dag_id.clone(), trial.quiet);
    let parsed = parsed_dag(trial.found.dag, &settings::dag_defaults(config), false)
        .map_err(|error| CliError::failed(error.message))?;
    store
        .apply_parse(FileResult {
            bundle_name: trial.found.bundle.name.clone(),
            relative_fileloc: trial.found.relative,
            fileloc: trial.found.path.display().to_string(),
            content_hash: "trial".into(),
            modules: Vec::new(),
            source: String::new(),
            parse_ms: 0,
            dags: vec![parsed],
            import_error: None,
            parsed_at: roles::now(),
        })
        .await?;

    let mut worker_config = settings::local_worker(config, &bundles);
    worker_config.base_log_folder = folder.join("logs");
    let mut task_api: TaskApiConfig = (&settings::server(config)).into();
    task_api.log_folder.clone_from(&worker_config.base_log_folder);
    let variables = trial.real.clone().unwrap_or_else(|| store.clone());
    let api = api::TrialApi::new(StoreTaskApi::new(store.clone(), task_api), store.clone(), trial.real);
    let worker = Worker::new(worker_config.clone(), Arc::new(api), hosts.clone());
    let executor = LocalExecutor::new(worker_config.concurrency, Arc::new(Runner(worker.clone())));
    let mut scheduler_config = settings::scheduler(config);
    // Only the run that is asked for.
    scheduler_config.create_runs = false;
    let executors = ExecutorSet::new(vec![Arc::new(executor)]);
    let scheduler = Scheduler::new(store.clone(), executors, scheduler_config, SystemClock)
        .await
        .map_err(|error| CliError::failed(error.to_string()))?;
    let end = CancellationToken::new();
    let scheduling = tokio::spawn(scheduler.run(end.clone()));
    let waits = Waits::new(store.clone(), SystemClock, WAITS_POLL).looking_at(variables.clone());
    let waiting = tokio::spawn(waits.run(end.clone()));
    let triggering = Triggering {
        log_folder: Some(worker_config.base_log_folder.clone()),
        asks: Some(variables.clone()),
        ..Triggering::default()
    };
    let triggers = roles::triggerer(config, &store, hosts, &bundles, triggering, end.clone()).await?;
    let timetables = roles::timetables(config, &store, variables, hosts, &bundles[0], end.clone());

    let mut changes = store.notifier().subscribe(Topic::Ui);
    let run_key = start(&store, &dag_id, trial.logical_date, trial.run_id, trial.conf).await?;
    let mut logs = follow::Logs::new(worker_config.base_log_folder.clone());
    let run = loop {
        if !quiet {
            logs.print_new();
        }
        let run = store.find_run_by_key(run_key).await?.ok_or_else(|| CliError::failed("the run has disappeared"))?;
        if matches!(run.state, RunState::Success | RunState::Failed) || shutdown.is_cancelled() {
            break run;
        }
        tokio::select! {
            () = changes.wait() => {}
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = shutdown.cancelled() => {}
        }
    };
    worker.stop("interrupted").await;
    end.cancel();
    let _ = tokio::join!(scheduling, timetables, waiting, triggers);
    if !quiet {
        logs.print_new();
    }
    let by = TiFilter { run_keys: vec![run_key], ..TiFilter::default() };
    let tasks = store.list_tis(&by, &order(TI_COLUMNS, "id")?, ALL).await?.rows;
    store.close().await;
    Ok(Outcome { run, tasks })
}

/// Creates the run.
async fn start(store: &Store, dag_id: &str, date: Timestamp, id: Option<String>, conf: Value) -> Result<i64, CliError> {
    let now = roles::now();
    let dag = crate::commands::lookup::dag(store, dag_id).await?;
    let interval = store
        .manual_interval(dag_id, &dag.timetable, date)
        .await
        .map_err(|error| CliError::failed(error.to_string()))?;
    let run = NewRun {
        dag_id: dag_id.to_owned(),
        run_id: id.unwrap_or_else(|| run_id(RunType::Manual, date)),
        run_type: RunType::Manual,
        logical_date: Some(date),
        data_interval_start: Some(interval.start),
        data_interval_end: Some(interval.end),
        // A trial of a date in the future does not wait for it.
        run_after: now.min(interval.end),
        queued_at: now,
        conf,
        triggered_by: Some("test".into()),
        triggering_user: std::env::var("USER").ok(),
        note: None,
        dag_version_id: None,
        owner: None,
    };
    match store.trigger_run(run).await? {
        TriggerOutcome::Created(run_key) => Ok(run_key),
        _ => Err(CliError::failed("the run could not be created")),
    }
}
