//! Callbacks that run in a process that has the DAG files: what their children get to know, and may ask.

use serde_json::Value;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{CallbackJob, SerializedDag, TaskApiError, TaskCall, TaskReply, Workload};
use tradewind_store::ClaimedCallback;

use super::caller::Caller;
use super::error::of_store;
use super::{StoreTaskApi, claim, runs};

impl StoreTaskApi {
    /// Everything that a child needs to run a callback, and whom it speaks for.
    ///
    /// # Errors
    /// Those of the database; a stored DAG that can't be read.
    pub async fn callback_job(&self, callback: &ClaimedCallback) -> Result<(CallbackJob, Caller), TaskApiError> {
        let loaded = match callback.run_key {
            Some(run_key) => self.store.load_runs(&[run_key]).await.map_err(of_store)?.pop(),
            None => None,
        };
        let mut caller = Caller::of_run(&callback.dag_id, loaded.as_ref().map(|(run, _)| run));
        let mut ti = None;
        if let Some((run, tis)) = &loaded
            && let Some(mut row) = tis.iter().find(|row| Some(row.id) == callback.ti_id).cloned()
        {
            caller.task = Some((row.task_id.clone(), row.map_index));
            // The instance may have gone on meanwhile; the callback is about the try that it was queued for.
            if let Some(number) = callback.request["try_number"].as_i64() {
                row.try_number = i32::try_from(number).unwrap_or(row.try_number);
            }
            let version = row.dag_version_id.or(run.dag_version_id);
            ti = match version {
                Some(version) => self.workload_of(&row, run, version).await?.map(Box::new),
                None => None,
            };
        }
        let job = CallbackJob {
            kind: callback.kind.clone(),
            dag_id: callback.dag_id.clone(),
            request: self.with_ends(callback, loaded.as_ref().map(|(_, tis)| tis.as_slice())),
            run: loaded.as_ref().map(|(run, _)| runs::shape(run)),
            ti,
        };
        Ok((job, caller))
    }

    /// The request; a run's callback also learns how its task instance ended.
    fn with_ends(&self, callback: &ClaimedCallback, tis: Option<&[tradewind_store::TiRow]>) -> Value {
        let mut request = callback.request.clone();
        let ti = tis.unwrap_or_default().iter().find(|ti| Some(ti.id) == callback.ti_id);
        if let (Some(fields), Some(ti), "dag") = (request.as_object_mut(), ti, callback.kind.as_str()) {
            fields.insert("ti_state".into(), serde_json::json!(ti.state));
            fields.insert("ti_reason".into(), serde_json::json!(ti.reason));
            fields.insert("start_date".into(), serde_json::json!(ti.start_date));
            fields.insert("ti_end_date".into(), serde_json::json!(ti.end_date));
            fields.insert("hostname".into(), serde_json::json!(ti.hostname));
        }
        request
    }

    async fn workload_of(
        &self,
        ti: &tradewind_store::TiRow,
        run: &tradewind_store::RunRow,
        version: i64,
    ) -> Result<Option<Workload>, TaskApiError> {
        let Some(row) = self.store.dag_version(version).await.map_err(of_store)? else { return Ok(None) };
        let dag: SerializedDag = serde_json::from_str(&row.data)
            .map_err(|error| TaskApiError::new(ErrorCode::Invalid, format!("the stored DAG can't be read: {error}")))?;
        Ok(claim::workload(ti, run, &dag, (&row.bundle_name, &row.relative_fileloc, version), self))
    }

    /// Answers a call of a callback.
    ///
    /// # Errors
    /// As for a running task; [`ErrorCode::Denied`] for what only a task instance has.
    pub async fn answer_callback(&self, caller: &Caller, call: TaskCall) -> Result<TaskReply, TaskApiError> {
        self.respond(caller, call).await
    }
}
