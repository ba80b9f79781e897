//! XComs of tasks: read anywhere, write one's own.

use serde_json::Value;
use tradewind_protocol::{TaskApiError, TaskReply};
use tradewind_store::XComKey;

use super::StoreTaskApi;
use super::caller::Caller;
use super::error::{not_found, of_store};
use crate::clock::now;

/// A DAG and run that a call is about.
pub(super) struct Place {
    /// DAG.
    pub dag_id: String,
    /// Run.
    pub run_id: String,
}

impl StoreTaskApi {
    /// The DAG and run that a call names, or the caller's own.
    pub(super) fn place(&self, caller: &Caller, dag_id: Option<String>, run_id: Option<String>) -> Place {
        Place {
            dag_id: dag_id.unwrap_or_else(|| caller.dag_id.clone()),
            run_id: run_id.unwrap_or_else(|| caller.run_id.clone()),
        }
    }

    /// The stored text of one value.
    pub(super) async fn xcom_get(
        &self,
        place: &Place,
        task_id: &str,
        map_index: i32,
        key: &str,
        prior: bool,
    ) -> Result<String, TaskApiError> {
        let missing = || not_found(format!("task '{task_id}' has no XCom '{key}' in run '{}'", place.run_id));
        let run_key = self.run_key(place).await?.ok_or_else(missing)?;
        let xcom = XComKey { run_key, task_id: task_id.to_owned(), map_index, key: key.to_owned() };
        let mut found = self.store.xcom_get(&xcom).await.map_err(of_store)?;
        if found.is_none() && prior {
            found = self.store.xcom_get_prior(&xcom).await.map_err(of_store)?;
        }
        found.ok_or_else(missing)
    }

    /// All map indexes' values, or some of them.
    pub(super) async fn xcom_get_all(
        &self,
        place: &Place,
        task_id: &str,
        key: &str,
        start: u32,
        limit: Option<u32>,
    ) -> Result<TaskReply, TaskApiError> {
        let Some(run_key) = self.run_key(place).await? else { return Ok(Value::Array(Vec::new())) };
        let values = self.store.xcom_get_some(run_key, task_id, key, start, limit).await.map_err(of_store)?;
        values.iter().map(|(_, text)| read(text)).collect::<Result<Vec<Value>, _>>().map(Value::Array)
    }

    /// How many map indexes have a value.
    pub(super) async fn xcom_count(&self, place: &Place, task_id: &str, key: &str) -> Result<TaskReply, TaskApiError> {
        let Some(run_key) = self.run_key(place).await? else { return Ok(Value::from(0)) };
        Ok(Value::from(self.store.xcom_count(run_key, task_id, key).await.map_err(of_store)?))
    }

    /// Stores one of the caller's own.
    pub(super) async fn xcom_set(
        &self,
        caller: &Caller,
        key: String,
        value: &Value,
    ) -> Result<TaskReply, TaskApiError> {
        self.store.xcom_set(&caller.own_xcom(key)?, &value.to_string(), now()).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    /// The keys of the caller's own.
    pub(super) async fn xcom_keys(&self, caller: &Caller) -> Result<TaskReply, TaskApiError> {
        let own = caller.own_xcom(String::new())?;
        Ok(self.store.xcom_keys(own.run_key, &own.task_id, own.map_index).await.map_err(of_store)?.into())
    }

    /// Forgets one of the caller's own.
    pub(super) async fn xcom_delete(&self, caller: &Caller, key: String) -> Result<TaskReply, TaskApiError> {
        self.store.xcom_delete(&caller.own_xcom(key)?).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    /// The database's number of a run.
    async fn run_key(&self, place: &Place) -> Result<Option<i64>, TaskApiError> {
        let run = self.store.find_run_row(&place.dag_id, &place.run_id).await.map_err(of_store)?;
        Ok(run.map(|run| run.id))
    }
}

/// A stored value.
pub(super) fn read(text: &str) -> Result<Value, TaskApiError> {
    serde_json::from_str(text).map_err(|error| {
        TaskApiError::new(
            tradewind_protocol::task_api::ErrorCode::Invalid,
            format!("the stored XCom is no JSON: {error}"),
        )
    })
}
