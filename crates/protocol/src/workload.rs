//! What an executor hands to a worker: everything that is needed to run one try.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tradewind_core::asset::AssetExpr;
use tradewind_core::{Duration, Resume, RunType, Timestamp, TryId};

use crate::serialized_dag::LaneSpec;

/// One try, ready to run. Flattened into the `run` frame for a python child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workload {
    /// The try; also its identity in the task API.
    pub try_id: TryId,
    /// Bearer token for the task API, bound to this try. Empty in-process. Never logged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// DAG id.
    pub dag_id: String,
    /// Task id.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
    /// 1 for the first attempt.
    pub try_number: i32,
    /// As in Airflow: a failed try is repeated while its number is not above this (`retries`, raised when cleared).
    pub max_tries: i32,
    /// The run that it belongs to.
    pub run: RunInfo,
    /// How it runs.
    pub lane: LaneSpec,
    /// Name of the bundle that has the file.
    pub bundle: String,
    /// The commit of the bundle that the run stays with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_version: Option<String>,
    /// The DAG file, relative to the bundle's root.
    pub file: String,
    /// Version of the DAG that the run uses.
    pub dag_version: i64,
    /// Class name.
    pub operator: String,
    /// Pool.
    pub pool: String,
    /// Slots.
    pub pool_slots: u32,
    /// Queue.
    pub queue: String,
    /// Effective priority.
    pub priority: i32,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Longest time that the try may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
    /// The return value becomes an XCom.
    pub do_xcom_push: bool,
    /// Unix user that runs the try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<String>,
    /// Who owns the task (`AIRFLOW_CTX_DAG_OWNER`).
    pub owner: String,
    /// Comma-separated addresses (`AIRFLOW_CTX_DAG_EMAIL`).
    #[serde(default)]
    pub email: String,
    /// When the first poke of a rescheduling sensor started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_started_at: Option<Timestamp>,
    /// How often the try was rescheduled before.
    #[serde(default)]
    pub reschedule_count: u32,
    /// Assets that the task updates when it succeeds. A python child knows them from the DAG file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outlets: Vec<AssetExpr>,
    /// What the task wishes of its executor: plain JSON, as its author wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor_config: Option<Value>,
    /// The try has waited without a worker and goes on there. Filled in by the worker, from what its claim answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Box<Resume>>,
}

/// The DAG run of a [`Workload`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunInfo {
    /// The user's id of the run.
    pub run_id: String,
    /// Why the run exists.
    pub run_type: RunType,
    /// None for runs without one.
    pub logical_date: Option<Timestamp>,
    /// Start of the data interval.
    pub data_interval_start: Option<Timestamp>,
    /// End of the data interval.
    pub data_interval_end: Option<Timestamp>,
    /// Not before.
    pub run_after: Timestamp,
    /// When the run was created.
    pub queued_at: Option<Timestamp>,
    /// When its first task could go.
    pub start_date: Option<Timestamp>,
    /// The user's configuration of the run.
    pub conf: Value,
    /// How often the run was cleared.
    #[serde(default)]
    pub clear_number: i32,
    /// Who triggered it, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggering_user: Option<String>,
    /// The partition that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
    /// The instant that the partition stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_date: Option<Timestamp>,
}
