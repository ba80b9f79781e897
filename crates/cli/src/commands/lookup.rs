//! Finds what a command line names, or says what it may have meant.

use tradewind_core::Timestamp;
use tradewind_store::Store;
use tradewind_store::read::{DagFilter, DagView, OrderBy, Page, RUN_COLUMNS, RunFilter, RunView, Span};

use crate::error::CliError;
use crate::suggest::nearest;

/// Everything there is.
pub const ALL: Page = Page { limit: i64::MAX / 2, offset: 0 };

/// The DAG.
///
/// # Errors
/// There is none of that name; names the nearest one.
pub async fn dag(store: &Store, dag_id: &str) -> Result<DagView, CliError> {
    if let Some(dag) = store.find_dag(dag_id).await? {
        return Ok(dag);
    }
    let error = CliError::failed(format!("there is no DAG '{dag_id}'"));
    let ids = store.dag_ids(&DagFilter::default()).await?;
    Err(match nearest(dag_id, ids.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => {
            error.hint("see what there is with: dags list, and what could not be read with: dags list-import-errors")
        }
    })
}

/// The run with that id, or else with that logical date.
///
/// # Errors
/// There is no such DAG or run.
pub async fn run(store: &Store, dag_id: &str, date_or_id: &str) -> Result<RunView, CliError> {
    dag(store, dag_id).await?;
    if let Some(run) = store.find_run(dag_id, date_or_id).await? {
        return Ok(run);
    }
    if let Ok(date) = date_or_id.parse::<Timestamp>() {
        let at = Some(date.as_micros());
        let by = RunFilter {
            dag_ids: vec![dag_id.to_owned()],
            logical_date: Span { gte: at, lte: at, ..Span::default() },
            ..RunFilter::default()
        };
        let found = store.list_runs(&by, &order(RUN_COLUMNS, "id")?, Page { limit: 1, offset: 0 }).await?;
        if let Some(run) = found.rows.into_iter().next() {
            return Ok(run);
        }
    }
    Err(CliError::failed(format!("the DAG '{dag_id}' has no run '{date_or_id}'"))
        .hint(format!("see its runs with: dags list-runs {dag_id}")))
}

/// Sorted by one column.
///
/// # Errors
/// There is no such column.
pub fn order(columns: &'static [tradewind_store::read::Column], by: &str) -> Result<OrderBy, CliError> {
    OrderBy::parse(columns, &[by]).map_err(|error| CliError::failed(error.to_string()))
}

/// A date for a table: RFC 3339, or nothing.
pub fn date(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
