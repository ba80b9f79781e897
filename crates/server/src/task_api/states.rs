//! `task_states`: where the task instances of a run stand.

use serde_json::{Value, json};
use tradewind_protocol::{TaskApiError, TaskReply};

use super::StoreTaskApi;
use super::error::of_store;
use super::xcom::Place;

impl StoreTaskApi {
    /// States and dates of the named tasks' instances; no names: all.
    pub(super) async fn task_states(&self, place: &Place, task_ids: Vec<String>) -> Result<TaskReply, TaskApiError> {
        let Some(run) = self.store.find_run_row(&place.dag_id, &place.run_id).await.map_err(of_store)? else {
            return Ok(Value::Array(Vec::new()));
        };
        let found = self.store.load_runs(&[run.id]).await.map_err(of_store)?;
        let tis = found.into_iter().flat_map(|(_, tis)| tis);
        let wanted = tis.filter(|ti| task_ids.is_empty() || task_ids.contains(&ti.task_id));
        Ok(wanted
            .map(|ti| {
                json!({
                    "task_id": ti.task_id,
                    "map_index": ti.map_index,
                    "state": ti.state,
                    "start_date": ti.start_date,
                    "end_date": ti.end_date,
                    "try_number": ti.try_number,
                })
            })
            .collect())
    }
}
