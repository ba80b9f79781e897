//! A run as clients see it.

use serde::Serialize;
use serde_json::value::RawValue;
use tradewind_core::{RunState, RunType, Timestamp};
use tradewind_store::read::RunView;

use crate::api::v2::dag_versions::DagVersion;

/// A run.
#[derive(Serialize)]
pub struct DagRun {
    dag_run_id: String,
    dag_id: String,
    logical_date: Option<Timestamp>,
    queued_at: Option<Timestamp>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    duration: Option<f64>,
    data_interval_start: Option<Timestamp>,
    data_interval_end: Option<Timestamp>,
    run_after: Timestamp,
    last_scheduling_decision: Option<Timestamp>,
    run_type: RunType,
    state: RunState,
    triggered_by: Option<String>,
    triggering_user_name: Option<String>,
    conf: Box<RawValue>,
    note: Option<String>,
    dag_versions: Vec<DagVersion>,
    bundle_version: Option<String>,
    dag_display_name: String,
    partition_key: Option<String>,
    partition_date: Option<Timestamp>,
}

impl From<RunView> for DagRun {
    fn from(run: RunView) -> Self {
        let empty = || RawValue::from_string("{}".to_owned()).unwrap_or_default();
        Self {
            dag_versions: DagVersion::of_run(&run).into_iter().collect(),
            duration: run.start_date.zip(run.end_date).map(|(start, end)| (end - start).as_secs_f64()),
            // Kept as the text that it is: large configurations pass through unread.
            conf: RawValue::from_string(run.conf).unwrap_or_else(|_| empty()),
            dag_run_id: run.run_id,
            dag_id: run.dag_id,
            logical_date: run.logical_date,
            queued_at: run.queued_at,
            start_date: run.start_date,
            end_date: run.end_date,
            data_interval_start: run.data_interval_start,
            data_interval_end: run.data_interval_end,
            run_after: run.run_after,
            last_scheduling_decision: run.start_date.map(|_| run.updated_at),
            run_type: run.run_type,
            state: run.state,
            triggered_by: Some(run.triggered_by),
            triggering_user_name: run.triggering_user,
            note: run.note,
            bundle_version: run.bundle_version,
            dag_display_name: run.dag_display_name,
            partition_key: run.partition_key,
            partition_date: run.partition_date,
        }
    }
}
