//! Starts a triggerer on a database: its children, and who answers what triggers ask.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tradewind_engine::SystemClock;
use tradewind_engine::triggerer::{Said, TriggerRunner, Triggerer, TriggererConfig};
use tradewind_protocol::triggers::RunTrigger;
use tradewind_server::StoreTaskApi;
use tradewind_server::task_api::TaskApiConfig;
use tradewind_store::Store;
use tradewind_worker::host::Hosts;
use tradewind_worker::triggers::{TriggerConfig, TriggerPool, TriggerSaid};

use super::settings::{self, Bundle};
use crate::config::{Config, options};
use crate::error::CliError;

/// Triggers in one python child at most.
const PER_CHILD: usize = 250;
/// A child takes no new triggers after this.
const CHILD_AGE: Duration = Duration::from_secs(3600);

struct Runner(TriggerPool);

impl TriggerRunner for Runner {
    fn run(&self, trigger: RunTrigger) {
        self.0.run(trigger);
    }

    fn cancel(&self, id: i64, kill: bool) {
        self.0.cancel(id, kill);
    }

    fn kept(&self, id: i64, count: usize) {
        self.0.kept(id, count);
    }
}

/// What a triggerer does otherwise than the configuration says.
#[derive(Default)]
pub struct Triggering {
    /// Triggers at once.
    pub capacity: Option<u32>,
    /// It runs the triggers of these queues alone; none: those without a queue.
    pub queues: Vec<String>,
    /// Where logs are.
    pub log_folder: Option<PathBuf>,
    /// Where triggers find variables, connections, runs and states, if not in the database of their tasks.
    pub asks: Option<Store>,
}

/// Starts a triggerer.
///
/// # Errors
/// The database cannot be written.
pub async fn triggerer(
    config: &Config,
    store: &Store,
    hosts: &Hosts,
    bundles: &[Bundle],
    how: Triggering,
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, CliError> {
    let api =
        StoreTaskApi::new(how.asks.unwrap_or_else(|| store.clone()), TaskApiConfig::from(&settings::server(config)));
    super::repositories::keep_here(config, store, bundles, &shutdown);
    let trigger_config = TriggerConfig {
        roots: bundles.iter().map(|bundle| (bundle.name.clone(), bundle.root.clone())).collect(),
        per_child: PER_CHILD,
        blocked_after: config.seconds(&options::RUNNER_HEALTH_CHECK_THRESHOLD),
        child_age: CHILD_AGE,
        on_kill_timeout: config.seconds(&options::ON_KILL_TIMEOUT),
        log_folder: how.log_folder.unwrap_or_else(|| config.path(&options::BASE_LOG_FOLDER)),
    };
    let answerer: tradewind_worker::host::Answerer = Arc::new(move |call| {
        let api = api.clone();
        Box::pin(async move { api.answer_trigger(call).await })
    });
    let (pool, mut heard) = TriggerPool::new(trigger_config, hosts.clone(), answerer);
    let (said, saying) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(one) = heard.recv().await {
            let sent = match one {
                TriggerSaid::Said(id, outcome) => said.send(Said::Outcome(id, outcome)),
                TriggerSaid::Ended { id, failed } => said.send(Said::Ended { id, failed }),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    let triggerer_config = TriggererConfig {
        hostname: super::hostname(),
        queues: how.queues,
        capacity: how
            .capacity
            .unwrap_or_else(|| u32::try_from(config.int(&options::TRIGGERER_CAPACITY)).unwrap_or(u32::MAX)),
        heartbeat: settings::span(config, &options::TRIGGERER_JOB_HEARTBEAT_SEC),
        dead_after: settings::span(config, &options::TRIGGERER_HEALTH_CHECK_THRESHOLD),
    };
    let triggerer = Triggerer::new(store.clone(), SystemClock, triggerer_config, Arc::new(Runner(pool)), saying)
        .await
        .map_err(|error| CliError::failed(error.to_string()))?;
    Ok(tokio::spawn(triggerer.run(shutdown)))
}
