//! Waiting for a backfill, as the commands of Airflow 1.10 and 2 did.

use std::collections::BTreeMap;
use std::time::Duration;

use tradewind_core::RunState;
use tradewind_store::Store;

use crate::error::CliError;

/// Returns when the backfill is over.
///
/// # Errors
/// A run failed, or somebody cancelled the backfill.
pub async fn for_end(store: &Store, id: i64) -> Result<(), CliError> {
    let mut said = String::new();
    loop {
        let row = store.find_backfill(id).await?.ok_or_else(|| CliError::failed("the backfill has disappeared"))?;
        let states: Vec<RunState> = store.backfill_dates(id).await?.iter().filter_map(|date| date.state).collect();
        let count = |wanted: RunState| states.iter().filter(|state| **state == wanted).count();
        let line = format!(
            "{} of {} runs are over: {} succeeded, {} failed, {} are running",
            count(RunState::Success) + count(RunState::Failed),
            states.len(),
            count(RunState::Success),
            count(RunState::Failed),
            count(RunState::Running)
        );
        if line != said {
            println!("{line}");
            said = line;
        }
        if row.completed_at.is_some() && states.iter().all(|state| state.is_finished()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let failed = store.backfill_dates(id).await?.into_iter().filter(|date| date.state == Some(RunState::Failed));
    let by_id: BTreeMap<i32, String> = failed.filter_map(|date| Some((date.ordinal, date.run_id?))).collect();
    if by_id.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = by_id.into_values().collect();
    Err(CliError::failed(format!("{} runs failed: {}", names.len(), names.join(", "))))
}
