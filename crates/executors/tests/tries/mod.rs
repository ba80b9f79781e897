//! Tries for tests of executors.

use tradewind_core::{RunType, Timestamp, TryId};
use tradewind_protocol::workload::RunInfo;
use tradewind_protocol::{LaneSpec, Workload};

/// The first try of a task instance.
pub fn try_id(ti_id: i64) -> TryId {
    TryId { ti_id, try_number: 1 }
}

/// That try, of the task `t<ti_id>` of the DAG `d`.
pub fn workload(ti_id: i64) -> Workload {
    Workload {
        try_id: try_id(ti_id),
        token: String::new(),
        dag_id: "d".into(),
        task_id: format!("t{ti_id}"),
        map_index: -1,
        try_number: 1,
        max_tries: 1,
        run: RunInfo {
            run_id: "r".into(),
            run_type: RunType::Manual,
            logical_date: None,
            data_interval_start: None,
            data_interval_end: None,
            run_after: Timestamp::default(),
            queued_at: None,
            start_date: None,
            conf: Default::default(),
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
        queued_at: Timestamp::default(),
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
