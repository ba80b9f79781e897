//! The task API: what workers and running tries ask. [`StoreTaskApi`] answers from the database, for the local
//! executor in-process and, through [`http`], for workers elsewhere.

mod assets;
mod call;
mod callback;
mod caller;
mod claim;
mod connection;
mod error;
pub mod http;
mod log_paths;
pub mod lone;
mod runs;
mod state_store;
mod states;
mod trigger;
mod versions;
mod waiting;
mod xcom;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tradewind_core::{Duration as Span, TaskState, Timestamp, TryId};
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_protocol::task_api::{
    ClaimRequest, ErrorCode, FinishOutcome, FinishTry, Heartbeat, HeartbeatReply, LogPart, StartOutcome, StartTry,
    WorkerHello, WorkerMode, WorkerOrder, WorkerStatus, WorkerWelcome,
};
use tradewind_protocol::{TaskApi, TaskApiError, TaskCall, TaskReply, Workload, log_path};
use tradewind_store::read::TiView;
use tradewind_store::{FinishOutcome as StoreFinish, StartOutcome as StoreStart, Store};

use crate::auth::TryTokens;
use crate::clock::now;
use crate::config::{ServerConfig, StateStoreConfig};
pub use caller::Caller;
use error::of_store;

/// Settings of the task API.
#[derive(Clone, Debug)]
pub struct TaskApiConfig {
    /// Root of the tries' log files.
    pub log_folder: PathBuf,
    /// How often workers heartbeat.
    pub worker_heartbeat: Duration,
    /// Values that fill in what DAG files leave open.
    pub dag_defaults: DagDefaults,
    /// `[state_store]`
    pub state_store: StateStoreConfig,
    /// `[core] executor` is the one whose workers pull: tasks that name no executor are theirs.
    pub pull_by_default: bool,
}

impl From<&ServerConfig> for TaskApiConfig {
    fn from(config: &ServerConfig) -> Self {
        Self {
            log_folder: config.log_folder.clone(),
            worker_heartbeat: config.worker_heartbeat,
            dag_defaults: config.dag_defaults.clone(),
            state_store: config.state_store,
            // The default executor is named first, after its empty name.
            pull_by_default: config
                .executors
                .iter()
                .find(|(name, _)| !name.is_empty())
                .is_some_and(|(name, _)| name == claim::EXECUTOR),
        }
    }
}

/// The task API on the database. Tokens are checked by [`http`], not here: who has this value is trusted.
#[derive(Clone)]
pub struct StoreTaskApi {
    store: Store,
    config: Arc<TaskApiConfig>,
    tokens: Option<TryTokens>,
    offers: Arc<Mutex<Offers>>,
    versions: Arc<versions::Versions>,
    logs: Arc<log_paths::LogPaths>,
}

/// Tries, and since when they are queued, that were answered to a claim lately, so that two workers are not sent after
/// the same one. Forgetting them is harmless: `start` decides.
pub(crate) type Offers = HashMap<(TryId, Option<Timestamp>), Instant>;

impl StoreTaskApi {
    /// For use inside the process that has the database.
    pub fn new(store: Store, config: TaskApiConfig) -> Self {
        Self {
            store,
            config: Arc::new(config),
            tokens: None,
            offers: Arc::default(),
            versions: Arc::default(),
            logs: Arc::default(),
        }
    }

    /// Workloads that are claimed carry tokens for their tries.
    #[must_use]
    pub fn with_tokens(mut self, tokens: TryTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The task instance of a try that is running: who asks must be alive, and secrets are only for them.
    async fn running(&self, id: TryId) -> Result<TiView, TaskApiError> {
        let ti = self.store.find_ti_by_id(id.ti_id).await.map_err(of_store)?;
        let ti = ti.ok_or_else(|| TaskApiError::new(ErrorCode::Stale, "the task instance does not exist any more"))?;
        if ti.try_number != id.try_number || ti.state != Some(TaskState::Running) {
            let state = ti.state.map_or("without a state", TaskState::as_str);
            let message =
                format!("try {} is not running: the task instance is {state}, at try {}", id.try_number, ti.try_number);
            return Err(TaskApiError::new(ErrorCode::Stale, message));
        }
        Ok(ti)
    }
}

/// So long after its end a try may still ask for things.
const AFTERWARDS: Span = Span::from_secs(600);

impl StoreTaskApi {
    /// The task instance of a try that runs, or has ended a short while ago. Airflow's task SDK reports the end before
    /// it runs callbacks, which ask for things as well.
    ///
    /// # Errors
    /// [`ErrorCode::Stale`] for any other try; those of the database.
    pub(crate) async fn caller(&self, id: TryId) -> Result<Caller, TaskApiError> {
        let ti = self.store.find_ti_by_id(id.ti_id).await.map_err(of_store)?;
        let just_ended = |ti: &TiView| {
            use TaskState as S;
            ti.try_number == id.try_number
                && matches!(ti.state, Some(S::Success | S::Failed | S::Skipped | S::UpForRetry))
                && ti.end_date.is_some_and(|at| now() - at < AFTERWARDS)
        };
        match ti.filter(just_ended) {
            Some(ti) => Ok(Caller::from(&ti)),
            None => Ok(Caller::from(&self.running(id).await?)),
        }
    }
}

#[async_trait]
impl TaskApi for StoreTaskApi {
    async fn register(&self, hello: WorkerHello) -> Result<WorkerWelcome, TaskApiError> {
        let worker_id =
            self.store.register_job("WorkerJob", &hello.hostname, hello.pid, now()).await.map_err(of_store)?;
        let mut details = serde_json::json!({
            "version": hello.version, "queues": hello.queues, "concurrency": hello.concurrency, "obeyed": 0,
        });
        if let Some(form) = hello.form {
            details["form"] = serde_json::json!(form);
        }
        if let Some(node) = hello.node {
            details["node"] = node.into();
        }
        self.store.describe_job(worker_id, &details).await.map_err(of_store)?;
        Ok(WorkerWelcome {
            worker_id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            heartbeat_ms: u64::try_from(self.config.worker_heartbeat.as_millis()).unwrap_or(u64::MAX),
            takes_log_ends: true,
        })
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Workload>, TaskApiError> {
        self.claim_tries(request).await
    }

    async fn heartbeat(&self, beat: Heartbeat) -> Result<HeartbeatReply, TaskApiError> {
        let gone = beat.status.as_ref().is_some_and(|status| status.mode == WorkerMode::Gone);
        let order = match gone {
            true => None,
            false => self.store.heartbeat_worker(beat.worker_id, now()).await.map_err(of_store)?,
        };
        // What it has just obeyed is not said again.
        let obeyed = beat.status.as_ref().map_or(0, |status| status.obeyed);
        let order = order.and_then(|order| serde_json::from_str::<WorkerOrder>(&order).ok());
        let order = order.filter(|order| order.number > obeyed);
        if let Some(status) = &beat.status {
            self.hear_status(beat.worker_id, status).await?;
        }
        let terminate = self.store.heartbeat_tries(beat.worker_id, &beat.tries, now()).await.map_err(of_store)?;
        let kept = beat.tries.iter().filter(|id| !terminate.contains(id));
        let tokens = self.tokens.iter().flat_map(|tokens| kept.clone().map(|id| (*id, tokens.for_try(*id)))).collect();
        Ok(HeartbeatReply { terminate, tokens, order })
    }

    async fn start(&self, _token: &str, start: StartTry) -> Result<StartOutcome, TaskApiError> {
        let start = tradewind_store::StartTry {
            try_id: start.try_id,
            worker_id: start.worker_id,
            hostname: start.hostname,
            pid: i64::from(start.pid),
            at: start.at,
        };
        Ok(match self.store.start_try(start).await.map_err(of_store)? {
            StoreStart::Started => StartOutcome::Started,
            StoreStart::Resumed(resume) => StartOutcome::Resumed(resume),
            StoreStart::Refused(why) => StartOutcome::Refused(why),
        })
    }

    async fn finish(&self, token: &str, mut finish: FinishTry) -> Result<FinishOutcome, TaskApiError> {
        // Who hears of the end finds the whole log.
        if let Some(LogPart { offset, lines }) = finish.log.take() {
            match self.append_log(token, finish.try_id, offset, lines.into_bytes()).await {
                Ok(()) => {}
                Err(error) if error.code == ErrorCode::NotFound => return Ok(FinishOutcome::Stale),
                Err(error) => return Err(error),
            }
        }
        // Python says what a mapped task downstream may use of the result; the native lanes leave it to us.
        let map_length = finish.map_length.or_else(|| finish.xcoms.get("return_value").and_then(length));
        let (try_id, state) = (finish.try_id, finish.state);
        let finish = tradewind_store::FinishTry {
            reason: finish.reason,
            xcoms: finish.xcoms,
            retry_at: finish.reschedule_at.or(finish.retry_at),
            called_back: finish.called_back,
            skip: finish.skip,
            deferral: finish.deferral,
            map_length,
            max_rss_kb: finish.max_rss_kb,
            cpu_ms: finish.cpu_ms,
            asset_updates: finish.asset_updates,
            ..tradewind_store::FinishTry::new(finish.try_id, finish.state, finish.at)
        };
        Ok(match self.store.finish_try(finish).await.map_err(of_store)? {
            StoreFinish::Recorded => {
                self.logs.forget(try_id);
                if state == TaskState::Success {
                    self.forget_after_success(try_id).await?;
                }
                FinishOutcome::Recorded
            }
            StoreFinish::Stale => FinishOutcome::Stale,
        })
    }

    async fn call(&self, _token: &str, try_id: TryId, call: TaskCall) -> Result<TaskReply, TaskApiError> {
        self.answer(try_id, call).await
    }

    async fn rendered(&self, _token: &str, try_id: TryId, fields: Map<String, Value>) -> Result<(), TaskApiError> {
        let text = Value::Object(fields).to_string();
        if self.store.set_rendered_fields(try_id, &text).await.map_err(of_store)? {
            return Ok(());
        }
        Err(TaskApiError::new(ErrorCode::Stale, "the try is not running any more"))
    }

    async fn append_log(&self, _token: &str, try_id: TryId, offset: u64, lines: Vec<u8>) -> Result<(), TaskApiError> {
        let path = match self.logs.get(try_id) {
            Some(path) => path,
            None => {
                // The end of a log may come after the end of its try, so any present or earlier try may write.
                let ti = self.store.find_ti_by_id(try_id.ti_id).await.map_err(of_store)?;
                let ti = ti
                    .filter(|ti| try_id.try_number >= 1 && try_id.try_number <= ti.try_number)
                    .ok_or_else(|| TaskApiError::new(ErrorCode::NotFound, "there is no such try"))?;
                log_path(&ti.dag_id, &ti.run_id, &ti.task_id, ti.map_index, try_id.try_number)
            }
        };
        crate::logs::append(self.config.log_folder.join(path), offset, lines).await.map_err(|error| {
            tracing::error!(%error, "a log that a worker sent can't be written");
            TaskApiError::new(ErrorCode::Unavailable, format!("the log can't be written: {error}"))
        })
    }
}

impl StoreTaskApi {
    /// A worker is set up differently now, or has ended.
    async fn hear_status(&self, worker_id: i64, status: &WorkerStatus) -> Result<(), TaskApiError> {
        let told = status.clone();
        let change = move |mut details: Value, wanted: Option<Value>| {
            details["queues"] = told.queues.into();
            details["concurrency"] = told.concurrency.into();
            details["mode"] = serde_json::json!(told.mode);
            details["obeyed"] = told.obeyed.into();
            let open = |order: &Value| order["number"].as_u64().is_some_and(|number| number > told.obeyed);
            Some((details, wanted.filter(open)))
        };
        self.store.change_worker(worker_id, change).await.map_err(of_store)?;
        if status.mode == WorkerMode::Gone {
            self.store.end_job(worker_id, now()).await.map_err(of_store)?;
        }
        Ok(())
    }
}

/// Elements of what may be mapped over.
fn length(value: &Value) -> Option<u32> {
    u32::try_from(tradewind_core::xcom::length(value)?).ok()
}
