//! Who asks: a running try, or a callback about one or about a whole run.

use tradewind_core::Timestamp;
use tradewind_protocol::TaskApiError;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_store::read::TiView;
use tradewind_store::{RunRow, XComKey};

/// Who asks. What a call leaves open is about this.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// DAG.
    pub dag_id: String,
    /// Run.
    pub run_id: String,
    /// The run's number; 0 when there is no such run any more.
    pub run_key: i64,
    /// The run's logical date.
    pub logical_date: Option<Timestamp>,
    /// Task and map index, if it is about one.
    pub task: Option<(String, i32)>,
}

impl Caller {
    /// A callback about a run as a whole, or only about a DAG.
    pub fn of_run(dag_id: &str, run: Option<&RunRow>) -> Self {
        Self {
            dag_id: dag_id.to_owned(),
            run_id: run.map(|run| run.run_id.clone()).unwrap_or_default(),
            run_key: run.map_or(0, |run| run.id),
            logical_date: run.and_then(|run| run.logical_date),
            task: None,
        }
    }

    /// Names an XCom of the caller's own.
    pub(super) fn own_xcom(&self, key: String) -> Result<XComKey, TaskApiError> {
        let Some((task_id, map_index)) = self.task.clone() else {
            return Err(TaskApiError::new(ErrorCode::Denied, "this callback is about no task, so it has no XComs"));
        };
        Ok(XComKey { run_key: self.run_key, task_id, map_index, key })
    }
}

impl From<&TiView> for Caller {
    fn from(ti: &TiView) -> Self {
        Self {
            dag_id: ti.dag_id.clone(),
            run_id: ti.run_id.clone(),
            run_key: ti.run_key,
            logical_date: ti.logical_date,
            task: Some((ti.task_id.clone(), ti.map_index)),
        }
    }
}
