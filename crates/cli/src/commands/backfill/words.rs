//! What the backfill commands print.

use std::collections::BTreeMap;

use tradewind_core::plan::BackfillStep;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_server::rerun::backfill::{self, Request};
use tradewind_store::Store;

use crate::error::CliError;
use crate::output::{Format, print};
use crate::{roles, row};

/// The dates that a backfill would run.
pub async fn show_dates(store: &Store, request: &Request, defaults: &DagDefaults) -> Result<(), CliError> {
    let dates = backfill::dry_run(store, request, defaults, roles::now()).await?;
    println!("Dry run of a backfill of the DAG {}: {} runs", request.dag_id, dates.len());
    let rows = dates.into_iter().map(|(run, step)| {
        let what = if step == BackfillStep::Reprocess { "runs again" } else { "gets a run" };
        row! {
            "logical_date" => run.logical_date.map(|at| at.to_string()),
            "data_interval_start" => run.data_interval.start.to_string(),
            "data_interval_end" => run.data_interval.end.to_string(),
            "what" => what,
        }
    });
    print(Format::Table, &["logical_date", "data_interval_start", "data_interval_end", "what"], rows.collect())
}

/// What became of a backfill's dates when it was made.
pub async fn say_created(store: &Store, id: i64, dag_id: &str) -> Result<(), CliError> {
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut runs = 0usize;
    for date in store.backfill_dates(id).await? {
        match date.exception_reason {
            Some(reason) => *left_out.entry(reason).or_default() += 1,
            None => runs += 1,
        }
    }
    println!("Backfill {id} of the DAG {dag_id}: {runs} runs are queued");
    for (reason, dates) in left_out {
        println!(
            "  {dates} dates were left out: their run {}",
            if reason == "in flight" { "is not over" } else { "exists" }
        );
    }
    Ok(())
}
