//! What triggers ask. They belong to no running try, so they name DAGs and runs themselves; they change nothing
//! but what is remembered of assets.

use serde_json::Value;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskCall, TaskReply};
use tradewind_store::AssetWriter;

use super::StoreTaskApi;
use super::error::{not_found, of_store};
use super::xcom::Place;

impl StoreTaskApi {
    /// Answers a trigger.
    ///
    /// # Errors
    /// What is not there, what a trigger may not ask, and those of the database.
    pub async fn answer_trigger(&self, call: TaskCall) -> Result<TaskReply, TaskApiError> {
        let named = |dag_id: Option<String>, run_id: Option<String>| match (dag_id, run_id) {
            (Some(dag_id), Some(run_id)) => Ok(Place { dag_id, run_id }),
            _ => Err(TaskApiError::new(
                ErrorCode::Invalid,
                "a trigger has to name the DAG and the run that it asks about",
            )),
        };
        match call {
            TaskCall::VariableGet { key } => {
                let found = self.store.variable(&key).await.map_err(of_store)?;
                found
                    .map(|variable| Value::String(variable.value))
                    .ok_or_else(|| not_found(format!("there is no variable '{key}'")))
            }
            TaskCall::ConnectionGet { conn_id } => self.connection_get(&conn_id).await,
            TaskCall::TaskStates { dag_id, run_id, task_ids } => {
                self.task_states(&named(dag_id, run_id)?, task_ids).await
            }
            TaskCall::AwaitLook { kwargs } => self.await_look(&kwargs).await,
            TaskCall::DagGet { dag_id } => self.dag_get(&dag_id).await,
            TaskCall::RunGet { dag_id, run_id } => self.run_get(&named(dag_id, Some(run_id))?).await,
            TaskCall::AssetStateGet { name, uri, key } => self.asset_state_get(name, uri, &key).await,
            TaskCall::AssetStateSet { name, uri, key, value } => {
                self.asset_state_write(AssetWriter::Watcher, name, uri, &key, &value).await
            }
            TaskCall::AssetStateDelete { name, uri, key } => self.asset_state_delete(name, uri, &key).await,
            TaskCall::AssetStateClear { name, uri } => self.asset_state_clear(name, uri).await,
            _ => Err(TaskApiError::new(
                ErrorCode::Denied,
                "triggers may ask for variables, connections, runs and states, and remember states of assets",
            )),
        }
    }
}
