//! Lets callbacks run in python hosts, beside the dag processors of this process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tradewind_core::Duration;
use tradewind_engine::SystemClock;
use tradewind_engine::callbacks::{CallbackHost, CallbackRunner, Ran};
use tradewind_protocol::Called;
use tradewind_protocol::log_path::callback_log_path;
use tradewind_server::StoreTaskApi;
use tradewind_server::task_api::TaskApiConfig;
use tradewind_store::{CallbackEnd, ClaimedCallback, DeadlineAnswer, Store};
use tradewind_worker::host::{Answerer, CallbackFailure, Hosts};
use tradewind_worker::log::TryLog;
use tradewind_worker::{Repositories, Root};

use super::repositories;
use super::settings::{self, Bundle};
use crate::config::{Config, options};

/// A [`CallbackHost`] on python hosts.
struct PythonCallbacks {
    store: Store,
    api: StoreTaskApi,
    hosts: Hosts,
    /// Bundle to its folder.
    bundles: BTreeMap<String, PathBuf>,
    /// Brings the commits here that runs stay with.
    repositories: Option<Arc<dyn Repositories>>,
    log_folder: PathBuf,
}

/// Starts running the callbacks of these folders.
pub fn callbacks(
    config: &Config,
    store: &Store,
    hosts: &Hosts,
    bundles: &[Bundle],
    shutdown: &CancellationToken,
) -> JoinHandle<()> {
    let host = PythonCallbacks {
        store: store.clone(),
        api: StoreTaskApi::new(store.clone(), TaskApiConfig::from(&settings::server(config))),
        hosts: hosts.clone(),
        bundles: bundles.iter().map(|bundle| (bundle.name.clone(), bundle.root.clone())).collect(),
        repositories: repositories::for_worker(config, bundles),
        log_folder: config.path(&options::BASE_LOG_FOLDER),
    };
    let settings = settings::callbacks(config, bundles);
    let runner = CallbackRunner::new(store.clone(), Arc::new(host), settings, SystemClock);
    tokio::spawn(runner.run(shutdown.clone()))
}

#[async_trait]
impl CallbackHost for PythonCallbacks {
    async fn run(&self, callback: &ClaimedCallback, timeout: Duration) -> Ran {
        let root = match self.root(callback).await {
            Ok(root) => root,
            Err(why) => return Ran::NotBegun(why),
        };
        let (job, caller) = match self.api.callback_job(callback).await {
            Ok(found) => found,
            Err(error) => return Ran::NotBegun(error.to_string()),
        };
        let run_id = job.run.as_ref().and_then(|run| run["run_id"].as_str()).unwrap_or("none").to_owned();
        let relative = callback_log_path(&callback.dag_id, &run_id, &callback.kind, callback.id);
        let mut log = match TryLog::open(&self.log_folder.join(&relative)) {
            Ok(log) => log,
            Err(error) => return Ran::NotBegun(format!("its log {} can't be written: {error}", relative.display())),
        };
        let facts = [("request", job.request.clone()), ("attempt", json!(callback.attempts))];
        log.say(super::now(), "info", &format!("Callback {} of DAG {}", callback.kind, callback.dag_id), &facts);
        let api = self.api.clone();
        let answerer: Answerer = Arc::new(move |call| {
            let (api, caller) = (api.clone(), caller.clone());
            Box::pin(async move { api.answer_callback(&caller, call).await })
        });
        let file = root.path.join(&callback.relative_fileloc);
        let ran = self
            .hosts
            .of(&callback.bundle_name)
            .callback(&file, &root.path, job, timeout.to_std(), &answerer, &mut log)
            .await;
        let error = match ran {
            Ok(called) => self.take_in(callback, called).await,
            Err(CallbackFailure::Host(error)) => return Ran::NotBegun(error.to_string()),
            Err(failure) => Some(failure.to_string()),
        };
        match &error {
            Some(error) => log.say(super::now(), "error", &format!("Callback ends: failed: {error}"), &[]),
            None => log.say(super::now(), "info", "Callback ends: success", &[]),
        }
        log.flush();
        Ran::Done(CallbackEnd { error, log: Some(relative.to_string_lossy().into_owned()) })
    }
}

impl PythonCallbacks {
    /// The folder with its file: of the commit that its run stays with, or as it is now.
    async fn root(&self, callback: &ClaimedCallback) -> Result<Root, String> {
        let name = &callback.bundle_name;
        if let (Some(repositories), Some(version)) = (&self.repositories, &callback.bundle_version) {
            let ask = super::parser::answerer(self.store.clone());
            if let Some(found) = repositories.root(name, Some(version), &ask).await {
                return found;
            }
        }
        let path = self.bundles.get(name).ok_or_else(|| format!("there is no bundle '{name}' here"))?;
        Ok(Root { path: path.clone(), held: None })
    }

    /// Takes in what a child answered; says what is wrong with it.
    async fn take_in(&self, callback: &ClaimedCallback, called: Called) -> Option<String> {
        if called.error.is_some() || callback.kind != "reference" || called.value.is_null() {
            return called.error;
        }
        let at = called.value["at"].as_str().and_then(|text| text.parse().ok()).map(DeadlineAnswer::At);
        let interval = called.value["interval"].as_f64().map(Duration::from_secs_f64).map(DeadlineAnswer::Interval);
        if called.value.get("at").is_some_and(serde_json::Value::is_null) {
            return None;
        }
        let alert = callback.request["alert"].as_i64().and_then(|alert| i32::try_from(alert).ok());
        let (Some(answer), Some(alert), Some(run_key)) = (at.or(interval), alert, callback.run_key) else {
            return Some(format!("{} is no instant that a deadline could be at", called.value));
        };
        self.store.set_deadline(run_key, alert, answer).await.err().map(|error| error.to_string())
    }
}
