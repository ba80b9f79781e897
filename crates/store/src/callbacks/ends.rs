//! Ends that somebody wants to be told of: of tries that could not do it themselves, and of runs.

use std::collections::HashMap;

use serde_json::json;
use tradewind_core::{RunState, TaskState, Timestamp};

use super::NewCallback;
use crate::sql::{Statement, ids};
use crate::{Error, Tx};

/// A try that ended without its process having called back: it was killed, lost, or never had a Python of its own.
#[derive(Clone, Debug)]
pub(crate) struct EndedTry {
    pub ti_id: i64,
    pub run_key: i64,
    pub dag_id: String,
    pub task_id: String,
    pub map_index: i32,
    pub try_number: i32,
    pub state: TaskState,
    pub dag_version_id: Option<i64>,
    pub start_date: Option<Timestamp>,
    pub end_date: Timestamp,
    pub hostname: Option<String>,
    pub reason: Option<String>,
}

/// A run that began, or that ended by itself, not by a person's mark.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// Which.
    pub run_key: i64,
    /// Its DAG.
    pub dag_id: String,
    /// The version of the DAG that it ended with.
    pub dag_version_id: i64,
    /// `running` of one that began; `success` or `failed`.
    pub state: RunState,
    /// When.
    pub at: Timestamp,
    /// `success`, `task_failure`, `timed_out`: what callbacks get as `reason`.
    pub reason: &'static str,
}

/// Which task instance a run's callback is about: the one that ended last of those that explain the end.
static LAST_TI: Statement = Statement::new(
    "SELECT id FROM task_instance WHERE run_key = $1 AND start_date IS NOT NULL
     ORDER BY CASE WHEN $2 = 'failed' THEN (CASE state WHEN 'failed' THEN 0 WHEN 'upstream_failed' THEN 2 ELSE 1 END)
        ELSE (CASE state WHEN 'success' THEN 0 ELSE 1 END) END, end_date DESC, id DESC LIMIT 1",
);
/// What was done in time needs no watching. The rest is looked at when it is due.
static MET: Statement =
    Statement::new("DELETE FROM deadline WHERE kind = 'deadline' AND NOT missed AND run_key IN {ids} AND due_at >= $2");

impl Tx {
    /// Queues the callbacks and mails of tries that did not see to them themselves.
    pub(crate) async fn tries_ended(&mut self, tries: &[EndedTry]) -> Result<(), Error> {
        let mut callbacks = Vec::new();
        for one in tries {
            let event = match one.state {
                TaskState::Failed => "on_failure",
                TaskState::UpForRetry => "on_retry",
                TaskState::Success => "on_success",
                TaskState::Skipped => "on_skipped",
                _ => continue,
            };
            let alerts = self.alerts(one.dag_version_id).await?;
            if !alerts.tasks.get(&one.task_id).is_some_and(|task| task.wants(event)) {
                continue;
            }
            callbacks.push(NewCallback {
                kind: "task",
                dag_id: one.dag_id.clone(),
                run_key: Some(one.run_key),
                ti_id: Some(one.ti_id),
                request: json!({
                    "event": event,
                    "task_id": one.task_id,
                    "map_index": one.map_index,
                    "try_number": one.try_number,
                    "state": one.state,
                    "start_date": one.start_date,
                    "end_date": one.end_date,
                    "hostname": one.hostname,
                    "reason": one.reason,
                }),
            });
        }
        self.add_callbacks(&callbacks).await
    }

    /// Queues the callbacks of runs that began or ended, and forgets their deadlines that were met. Call it in the transaction
    /// that writes their ends, after their task instances.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn runs_ended(&mut self, ends: &[RunEnd]) -> Result<(), Error> {
        let mut callbacks = Vec::new();
        let mut met: HashMap<Timestamp, Vec<i64>> = HashMap::new();
        for end in ends {
            let alerts = self.alerts(Some(end.dag_version_id)).await?;
            let event = match end.state {
                RunState::Queued | RunState::Running => "on_running",
                RunState::Success => "on_success",
                RunState::Failed => "on_failure",
            };
            if alerts.dag.iter().any(|name| name == event) {
                let last = LAST_TI.bind(end.run_key).bind(end.state).optional::<(i64,)>(self).await?;
                callbacks.push(NewCallback {
                    kind: "dag",
                    dag_id: end.dag_id.clone(),
                    run_key: Some(end.run_key),
                    ti_id: last.map(|(ti_id,)| ti_id),
                    request: json!({ "event": event, "reason": end.reason, "state": end.state, "end_date": end.at }),
                });
            }
            if end.state == RunState::Success && !alerts.deadlines.is_empty() {
                met.entry(end.at).or_default().push(end.run_key);
            }
        }
        for (at, run_keys) in met {
            MET.bind(ids(run_keys)).bind(at).run(self).await?;
        }
        self.add_callbacks(&callbacks).await
    }
}
