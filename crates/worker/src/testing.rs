//! Test data.

use serde_json::Value;
use tradewind_core::{RunType, Timestamp, TryId};
use tradewind_protocol::workload::RunInfo;
use tradewind_protocol::{LaneSpec, Workload};

/// A try of a task in run `r` of 2024-01-01.
pub(crate) fn workload(dag_id: &str, task_id: &str) -> Workload {
    let date: Option<Timestamp> = "2024-01-01T00:00:00Z".parse().ok();
    Workload {
        try_id: TryId { ti_id: 1, try_number: 1 },
        token: String::new(),
        dag_id: dag_id.into(),
        task_id: task_id.into(),
        map_index: -1,
        try_number: 1,
        max_tries: 1,
        run: RunInfo {
            run_id: "r".into(),
            run_type: RunType::Manual,
            logical_date: date,
            data_interval_start: date,
            data_interval_end: date,
            run_after: date.unwrap_or_default(),
            queued_at: None,
            start_date: None,
            conf: Value::Null,
            clear_number: 0,
            triggering_user: None,
            partition_key: None,
            partition_date: None,
        },
        lane: LaneSpec::Python,
        bundle: "dags-folder".into(),
        bundle_version: None,
        file: "d.py".into(),
        dag_version: 1,
        operator: "PythonOperator".into(),
        pool: "default_pool".into(),
        pool_slots: 1,
        queue: "default".into(),
        priority: 1,
        queued_at: date.unwrap_or_default(),
        execution_timeout: None,
        do_xcom_push: true,
        run_as_user: None,
        owner: "airflow".into(),
        email: String::new(),
        first_started_at: None,
        reschedule_count: 0,
        outlets: Vec::new(),
        executor_config: None,
        resume: None,
    }
}
