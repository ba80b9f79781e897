//! The event log: who did what. Every call that changes something leaves a row.

use std::cell::Cell;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::auth::Identity;
use crate::http::error::ApiResult;
use crate::state::App;

/// A row of the event log.
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) event: &'static str,
    pub(crate) username: String,
    pub(crate) dag_id: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) task_id: Option<String>,
    pub(crate) map_index: Option<i32>,
    pub(crate) extra: Option<Value>,
    pub(crate) from: Option<IpAddr>,
}

tokio::task_local! {
    /// Whether the present request has left a row.
    static RECORDED: Cell<bool>;
}

/// Runs a request; answers also whether it left a row.
pub async fn watched<F: Future>(request: F) -> (F::Output, bool) {
    let both = async {
        let answer = request.await;
        (answer, RECORDED.with(Cell::get))
    };
    RECORDED.scope(Cell::new(false), both).await
}

impl Event {
    /// Somebody did something.
    pub fn new(event: &'static str, who: &Identity) -> Self {
        Self { from: who.from, ..Self::by(event, &who.name) }
    }

    /// Somebody without a session did something: they come in.
    pub fn by(event: &'static str, username: &str) -> Self {
        Self {
            event,
            username: username.to_owned(),
            from: None,
            dag_id: None,
            run_id: None,
            task_id: None,
            map_index: None,
            extra: None,
        }
    }

    /// From there.
    pub fn from(mut self, from: Option<IpAddr>) -> Self {
        self.from = from;
        self
    }

    /// To a DAG.
    pub fn dag(mut self, dag_id: &str) -> Self {
        self.dag_id = Some(dag_id.to_owned());
        self
    }

    /// To a run of a DAG.
    pub fn run(mut self, dag_id: &str, run_id: &str) -> Self {
        self.run_id = Some(run_id.to_owned());
        self.dag(dag_id)
    }

    /// To a task instance.
    pub fn ti(mut self, dag_id: &str, run_id: &str, task_id: &str, map_index: Option<i32>) -> Self {
        self.task_id = Some(task_id.to_owned());
        self.map_index = map_index;
        self.run(dag_id, run_id)
    }

    /// With details. Never secrets.
    pub fn extra(mut self, extra: Value) -> Self {
        self.extra = Some(extra);
        self
    }
}

impl App {
    /// Writes a row of the event log.
    ///
    /// # Errors
    /// The database's.
    pub async fn record(&self, event: Event) -> ApiResult<()> {
        let _ = RECORDED.try_with(|recorded| recorded.set(true));
        let extra = with_place(event.extra, event.from).map(|extra| extra.to_string());
        self.store
            .log_event(tradewind_store::NewEvent {
                event: event.event,
                dag_id: event.dag_id.as_deref(),
                run_id: event.run_id.as_deref(),
                task_id: event.task_id.as_deref(),
                map_index: event.map_index,
                try_number: None,
                username: Some(&event.username),
                extra: extra.as_deref(),
                at: crate::clock::now(),
            })
            .await?;
        Ok(())
    }
}

/// Details say from where as well.
fn with_place(extra: Option<Value>, from: Option<IpAddr>) -> Option<Value> {
    let Some(from) = from else { return extra };
    match extra.unwrap_or_else(|| json!({})) {
        Value::Object(mut fields) => {
            fields.insert("remote_addr".into(), from.to_canonical().to_string().into());
            Some(Value::Object(fields))
        }
        other => Some(other),
    }
}
