//! Calls about state stores: what the calling task instance remembers, and what is remembered of an asset.

use serde_json::Value;
use tradewind_core::{Duration, TryId};
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskReply};
use tradewind_store::{AssetWriter, TaskScope};

use super::StoreTaskApi;
use super::caller::Caller;
use super::error::{not_found, of_store};
use crate::clock::now;

impl StoreTaskApi {
    pub(super) async fn task_state_get(&self, caller: &Caller, key: &str) -> Result<TaskReply, TaskApiError> {
        let found = self.store.task_state(&scope(caller)?, key, now()).await.map_err(of_store)?;
        found.map(|row| row.value).ok_or_else(|| not_found(format!("the task has no state '{key}'")))
    }

    pub(super) async fn task_state_set(
        &self,
        caller: &Caller,
        key: &str,
        value: &Value,
        retention: Option<f64>,
        never_expires: bool,
    ) -> Result<TaskReply, TaskApiError> {
        must_be_some(value)?;
        let now = now();
        let expires_at = match retention {
            _ if never_expires => None,
            Some(seconds) => Some(now + Duration::from_secs_f64(seconds)),
            None => self.config.state_store.expires_at(now),
        };
        self.store.set_task_state(&scope(caller)?, key, value, expires_at, now).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    pub(super) async fn task_state_delete(&self, caller: &Caller, key: &str) -> Result<TaskReply, TaskApiError> {
        self.store.delete_task_state(&scope(caller)?, key).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    pub(super) async fn task_state_clear(&self, caller: &Caller, all: bool) -> Result<TaskReply, TaskApiError> {
        self.store.clear_task_state(&scope(caller)?, all).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    /// `[state_store] clear_on_success`
    pub(super) async fn forget_after_success(&self, id: TryId) -> Result<(), TaskApiError> {
        if !self.config.state_store.clear_on_success {
            return Ok(());
        }
        if let Some(ti) = self.store.find_ti_by_id(id.ti_id).await.map_err(of_store)? {
            self.store.clear_task_state(&scope(&Caller::from(&ti))?, false).await.map_err(of_store)?;
        }
        Ok(())
    }

    pub(super) async fn asset_state_get(
        &self,
        name: Option<String>,
        uri: Option<String>,
        key: &str,
    ) -> Result<TaskReply, TaskApiError> {
        let asset = self.asset_id(name, uri).await?;
        let found = self.store.asset_state(asset, key).await.map_err(of_store)?;
        found.map(|row| row.value).ok_or_else(|| not_found(format!("the asset has no state '{key}'")))
    }

    pub(super) async fn asset_state_set(
        &self,
        caller: &Caller,
        name: Option<String>,
        uri: Option<String>,
        key: &str,
        value: &Value,
    ) -> Result<TaskReply, TaskApiError> {
        let writer = match &caller.task {
            Some((task_id, index)) => {
                AssetWriter::Task(caller.dag_id.clone(), caller.run_id.clone(), task_id.clone(), *index)
            }
            None => AssetWriter::Api,
        };
        self.asset_state_write(writer, name, uri, key, value).await
    }

    pub(super) async fn asset_state_write(
        &self,
        writer: AssetWriter,
        name: Option<String>,
        uri: Option<String>,
        key: &str,
        value: &Value,
    ) -> Result<TaskReply, TaskApiError> {
        must_be_some(value)?;
        let asset = self.asset_id(name, uri).await?;
        self.store.set_asset_state(asset, key, value, &writer, now()).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    pub(super) async fn asset_state_delete(
        &self,
        name: Option<String>,
        uri: Option<String>,
        key: &str,
    ) -> Result<TaskReply, TaskApiError> {
        let asset = self.asset_id(name, uri).await?;
        self.store.delete_asset_state(asset, key).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    pub(super) async fn asset_state_clear(
        &self,
        name: Option<String>,
        uri: Option<String>,
    ) -> Result<TaskReply, TaskApiError> {
        let asset = self.asset_id(name, uri).await?;
        self.store.clear_asset_state(asset).await.map_err(of_store)?;
        Ok(Value::Null)
    }

    async fn asset_id(&self, name: Option<String>, uri: Option<String>) -> Result<i64, TaskApiError> {
        if name.is_none() && uri.is_none() {
            return Err(TaskApiError::new(ErrorCode::Invalid, "which asset? give its name or its URI"));
        }
        let found = self.store.find_asset(name.as_deref(), uri.as_deref()).await.map_err(of_store)?;
        let missing = || not_found(format!("there is no asset '{}'", name.or(uri).unwrap_or_default()));
        found.map(|asset| asset.id).ok_or_else(missing)
    }
}

fn scope(caller: &Caller) -> Result<TaskScope, TaskApiError> {
    let Some((task_id, map_index)) = caller.task.clone() else {
        return Err(TaskApiError::new(ErrorCode::Denied, "this callback is about no task, so it has no state"));
    };
    Ok(TaskScope { run_key: caller.run_key, task_id, map_index })
}

fn must_be_some(value: &Value) -> Result<(), TaskApiError> {
    match value {
        Value::Null => Err(TaskApiError::new(ErrorCode::Invalid, "a state can't be null; delete the key instead")),
        _ => Ok(()),
    }
}
