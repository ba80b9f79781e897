//! Calls of tasks that wait: a look at another DAG, questions to people.

use serde_json::{Map, Value, json};
use tradewind_core::TryId;
use tradewind_core::waiting::Wait;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{SerializedDag, TaskApiError, TaskReply};
use tradewind_store::Question;

use super::StoreTaskApi;
use super::error::{not_found, of_store};
use crate::clock::now;

impl StoreTaskApi {
    /// What is known of a DAG: `{"is_paused", "tasks", "groups"}`.
    pub(super) async fn dag_get(&self, dag_id: &str) -> Result<TaskReply, TaskApiError> {
        let missing = || not_found(format!("there is no DAG '{dag_id}'"));
        let status = self.store.dag_status(dag_id).await.map_err(of_store)?.ok_or_else(missing)?;
        let dag = self.newest(dag_id).await?.ok_or_else(missing)?;
        let tasks: Vec<&str> = dag.tasks.iter().map(|task| task.task_id.as_str()).collect();
        let groups: Vec<&String> = dag.task_groups.keys().collect();
        Ok(json!({"is_paused": status.is_paused, "tasks": tasks, "groups": groups}))
    }

    /// Whether what a `WorkflowTrigger` waits for is there: `success`, `failed`, `skipped` or null.
    pub(super) async fn await_look(&self, kwargs: &Map<String, Value>) -> Result<TaskReply, TaskApiError> {
        let path = "airflow.providers.standard.triggers.external_task.WorkflowTrigger";
        let Wait::External(wait) = Wait::of(path, kwargs) else {
            return Err(TaskApiError::new(ErrorCode::Invalid, "what is waited for is not understood"));
        };
        let tasks = match &wait.group_id {
            Some(group) => self.newest(&wait.dag_id).await?.map(|dag| dag.tasks_of_group(group)).unwrap_or_default(),
            None => wait.task_ids.clone(),
        };
        let runs = self.store.awaited_runs(&wait, &tasks).await.map_err(of_store)?;
        Ok(wait.verdict(&runs, &tasks).map_or(Value::Null, |verdict| verdict.as_str().into()))
    }

    /// Records a question to people.
    pub(super) async fn hitl_ask(&self, try_id: TryId, question: Value) -> Result<TaskReply, TaskApiError> {
        let invalid = |what: &str| TaskApiError::new(ErrorCode::Invalid, format!("a question needs {what}"));
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect()
        };
        let field = |name: &str| question.get(name).filter(|value| !value.is_null());
        let question = Question {
            try_id,
            subject: field("subject").and_then(Value::as_str).ok_or_else(|| invalid("a subject"))?.to_owned(),
            body: field("body").and_then(Value::as_str).map(ToOwned::to_owned),
            options: field("options").and_then(texts).ok_or_else(|| invalid("options"))?,
            defaults: field("defaults")
                .map(|value| texts(value).ok_or_else(|| invalid("texts as defaults")))
                .transpose()?,
            multiple: field("multiple").and_then(Value::as_bool).unwrap_or(false),
            params: field("params").and_then(Value::as_object).cloned().unwrap_or_default(),
            assigned_users: field("assigned_users").and_then(Value::as_array).cloned().unwrap_or_default(),
        };
        self.store.ask(&question, now()).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    pub(crate) async fn newest(&self, dag_id: &str) -> Result<Option<SerializedDag>, TaskApiError> {
        let Some(version) = self.store.latest_version_of(dag_id).await.map_err(of_store)? else { return Ok(None) };
        let Some(data) = self.store.version_data(version).await.map_err(of_store)? else { return Ok(None) };
        serde_json::from_str(&data)
            .map(Some)
            .map_err(|error| TaskApiError::new(ErrorCode::Invalid, format!("the stored DAG can't be read: {error}")))
    }
}
