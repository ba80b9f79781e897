//! A backfill as clients see it.

use serde::Serialize;
use serde_json::Value;
use tradewind_core::{Reprocess, Timestamp};
use tradewind_store::read::BackfillView;

/// A backfill.
#[derive(Serialize)]
pub struct Backfill {
    id: i64,
    dag_id: String,
    from_date: Timestamp,
    to_date: Timestamp,
    dag_run_conf: Option<Value>,
    is_paused: bool,
    reprocess_behavior: Reprocess,
    max_active_runs: u32,
    created_at: Timestamp,
    completed_at: Option<Timestamp>,
    updated_at: Timestamp,
    dag_display_name: String,
}

impl From<BackfillView> for Backfill {
    fn from(row: BackfillView) -> Self {
        Self {
            id: row.id,
            dag_id: row.dag_id,
            from_date: row.from_date,
            to_date: row.to_date,
            dag_run_conf: row.dag_run_conf,
            is_paused: row.is_paused,
            reprocess_behavior: row.reprocess_behavior,
            max_active_runs: row.max_active_runs,
            created_at: row.created_at,
            completed_at: row.completed_at,
            updated_at: row.updated_at,
            dag_display_name: row.dag_display_name,
        }
    }
}
