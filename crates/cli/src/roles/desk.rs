//! What executors that look after processes elsewhere ask of the database, and tell it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tradewind_core::{TaskState, Timestamp, TryId};
use tradewind_executors::{DeskError, PodNote, Standing, TryDesk};
use tradewind_protocol::TaskApi as _;
use tradewind_protocol::task_api::LOG_END;
use tradewind_server::{Tokens, TryTokens};
use tradewind_store::{FinishOutcome, FinishTry, PodRow, StartOutcome, StartTry, Store};
use tradewind_worker::HttpTaskApi;

/// How long the token is good with which a line is sent to a log.
const MOMENT: Duration = Duration::from_secs(60);

/// The desk of a scheduler.
pub struct Desk {
    store: Store,
    tokens: Tokens,
    /// Logs lie where the api-server is.
    logs: HttpTaskApi,
    hostname: String,
    /// A scheduler that is silent for longer is dead.
    dead_after: tradewind_core::Duration,
}

impl Desk {
    /// Logs are sent to the api-server that `logs` speaks with.
    pub fn new(store: Store, tokens: Tokens, logs: HttpTaskApi, dead_after: tradewind_core::Duration) -> Arc<Self> {
        Arc::new(Self { store, tokens, logs, hostname: super::hostname(), dead_after })
    }
}

fn away(error: tradewind_store::Error) -> DeskError {
    DeskError(error.to_string())
}

#[async_trait]
impl TryDesk for Desk {
    async fn standing(&self, id: TryId) -> Result<Standing, DeskError> {
        let ti = self.store.load_tis(&[id.ti_id]).await.map_err(away)?.pop();
        let ti = ti.filter(|ti| ti.try_number == id.try_number);
        Ok(match ti.as_ref().map(|ti| (ti.state, ti.queued_at, &ti.hostname)) {
            Some((Some(TaskState::Queued), Some(at), _)) => Standing::Queued { at },
            Some((Some(TaskState::Running), _, hostname)) => {
                Standing::Running { hostname: hostname.clone().unwrap_or_default() }
            }
            _ => Standing::Over,
        })
    }

    async fn give_up(&self, id: TryId, reason: &str) -> Result<bool, DeskError> {
        // Claimed and ended at once: whoever else wants to start it comes too late, and the other way round.
        let at = self.now();
        let worker_id = self.store.register_job("WorkerJob", &self.hostname, std::process::id(), at).await;
        let worker_id = worker_id.map_err(away)?;
        let start =
            StartTry { try_id: id, worker_id, hostname: self.hostname.clone(), pid: i64::from(std::process::id()), at };
        let started = self.store.start_try(start).await.map_err(away)?;
        let ended = match started {
            StartOutcome::Refused(_) => false,
            StartOutcome::Started | StartOutcome::Resumed(_) => self.end(id, at, None, reason).await?,
        };
        self.store.end_job(worker_id, at).await.map_err(away)?;
        Ok(ended)
    }

    async fn lost(&self, id: TryId, silent_since: Option<Timestamp>, reason: &str) -> Result<bool, DeskError> {
        self.end(id, self.now(), silent_since, reason).await
    }

    async fn live_schedulers(&self) -> Result<HashSet<i64>, DeskError> {
        let newer_than = self.now() - self.dead_after;
        let jobs = self.store.live_jobs("SchedulerJob", newer_than).await.map_err(away)?;
        Ok(jobs.into_iter().map(|job| job.id).collect())
    }

    fn token(&self, id: TryId, lasts: Duration) -> String {
        TryTokens::new(self.tokens.clone(), lasts).for_try(id)
    }

    async fn say(&self, id: TryId, level: &str, line: &str) {
        let mut record = json!({
            "timestamp": self.now(), "level": level, "event": line, "logger": "tradewind.executor",
        })
        .to_string();
        record.push('\n');
        let token = self.token(id, MOMENT);
        if let Err(error) = self.logs.append_log(&token, id, LOG_END, record.into_bytes()).await {
            tracing::warn!(try_id = %id, line, %error, "this line does not reach the try's log");
        }
    }

    fn now(&self) -> Timestamp {
        super::now()
    }

    async fn note_pods(&self, pods: &[PodNote]) -> Result<(), DeskError> {
        let row = |pod: &PodNote| PodRow {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            try_id: pod.try_id,
            scheduler_id: pod.scheduler,
            phase: pod.phase,
            node: pod.node.clone(),
            reason: pod.problem.as_ref().map(|(reason, _)| reason.clone()),
            message: pod.problem.as_ref().map(|(_, words)| words.clone()),
            created_at: pod.created_at,
        };
        let rows: Vec<PodRow> = pods.iter().map(row).collect();
        self.store.put_pods(&rows, self.now()).await.map_err(away)
    }

    async fn pods_there(&self, namespace: Option<&str>, there: &[String], since: Timestamp) -> Result<(), DeskError> {
        self.store.keep_pods(namespace, there, since, self.now()).await.map_err(away)
    }
}

impl Desk {
    async fn end(
        &self,
        id: TryId,
        at: Timestamp,
        silent_since: Option<Timestamp>,
        reason: &str,
    ) -> Result<bool, DeskError> {
        let finish = FinishTry {
            reason: Some(reason.to_owned()),
            silent_since,
            ..FinishTry::new(id, TaskState::UpForRetry, at)
        };
        Ok(self.store.finish_try(finish).await.map_err(away)? == FinishOutcome::Recorded)
    }
}
