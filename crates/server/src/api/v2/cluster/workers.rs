//! A worker as clients see it.

use serde::Serialize;
use serde_json::Value;
use tradewind_core::Timestamp;
use tradewind_protocol::task_api::{WorkerForm, WorkerMode, WorkerOrder};
use tradewind_store::read::ProcessView;

use super::is_heard_of;
use crate::state::App;

/// How a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Online,
    Maintenance,
    Draining,
    Offline,
}

/// A worker.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Worker {
    pub worker_id: i64,
    /// Its name at its broker, or its host's.
    pub name: String,
    pub hostname: String,
    pub pid: i64,
    /// `None`: it is older than orders and does not say.
    pub form: Option<WorkerForm>,
    pub state: State,
    pub queues: Vec<String>,
    pub concurrency: i64,
    pub running: i64,
    pub version: Option<String>,
    pub start_date: Timestamp,
    pub latest_heartbeat: Timestamp,
    /// What it was told and has not done yet.
    pub order: Option<WorkerOrder>,
}

impl Worker {
    pub fn new(view: ProcessView, app: &App, at: Timestamp, running: &dyn Fn(i64) -> i64) -> Self {
        let details = &view.details;
        let text = |name: &str| details[name].as_str().map(str::to_owned);
        let mode = serde_json::from_value(details["mode"].clone()).unwrap_or_default();
        let state = match (is_heard_of(&view, app, at), mode) {
            (false, _) | (true, WorkerMode::Gone) => State::Offline,
            (true, WorkerMode::Working) => State::Online,
            (true, WorkerMode::Maintenance) => State::Maintenance,
            (true, WorkerMode::Draining) => State::Draining,
        };
        let queues = details["queues"].as_array().into_iter().flatten();
        Self {
            worker_id: view.id,
            name: text("node").unwrap_or_else(|| view.hostname.clone()),
            pid: view.pid,
            form: serde_json::from_value(details["form"].clone()).ok(),
            state,
            queues: queues.filter_map(Value::as_str).map(str::to_owned).collect(),
            concurrency: details["concurrency"].as_i64().unwrap_or(0),
            running: running(view.id),
            version: text("version"),
            start_date: view.started_at,
            latest_heartbeat: view.heartbeat_at,
            order: view.wanted.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            hostname: view.hostname,
        }
    }

    /// It takes tries of this executor (its class) and queue, now.
    pub fn takes(&self, executor: &str, queue: &str) -> bool {
        let by_queue = || self.queues.iter().any(|one| one == queue);
        self.state == State::Online
            && match self.form {
                // Whatever the scheduler hands to it.
                Some(WorkerForm::Local) => super::queues::form_of(executor) == Some(WorkerForm::Local),
                None => {
                    matches!(super::queues::form_of(executor), Some(WorkerForm::Edge | WorkerForm::Celery))
                        && by_queue()
                }
                form => super::queues::form_of(executor) == form && by_queue(),
            }
    }
}
