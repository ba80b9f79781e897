//! Runs, task instances with their earlier tries, and XComs: in batches of runs, by the source's `dag_run.id`.

mod runs;
mod task_instances;
mod tries;
mod xcoms;

use std::collections::HashMap;

use super::foreign::foreign;
use super::{AirflowSource, ImportOptions, KindReport, progress};
use crate::{Error, Store, Topic};

pub(super) use xcoms::xcoms;

/// Runs whose rows are written in one transaction.
const BATCH: usize = 200;

foreign! {
    struct RunId {
        id: i64 = "r.id",
    }
}

/// Where a run's rows go: by the source's id of the run.
#[derive(Debug, Default)]
struct Runs(HashMap<i64, ImportedRun>);

/// A run that is new here.
#[derive(Debug)]
struct ImportedRun {
    /// Ours; 0 when nothing is written.
    run_key: i64,
    dag_id: String,
    /// Task instances by state.
    counts: HashMap<&'static str, u64>,
}

/// `$ids` as SQL has them; they are numbers, nothing to quote.
fn list(ids: impl IntoIterator<Item = i64>) -> String {
    ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
}

/// How rows of another table find their run: by run id since 2.2, by date before.
fn run_join(source: &AirflowSource, table: &str, alias: &str) -> String {
    let column = if source.has(table, "run_id") { "run_id" } else { "execution_date" };
    format!("{table} AS {alias} JOIN dag_run AS r ON r.dag_id = {alias}.dag_id AND r.{column} = {alias}.{column}")
}

/// Imports runs with what belongs to them.
pub(super) async fn runs(
    source: &AirflowSource,
    target: Option<&Store>,
    options: &ImportOptions,
    progress: &(dyn Fn(&'static str, u64, u64) + Send + Sync),
) -> Result<Vec<KindReport>, Error> {
    let (mut of_runs, mut of_tis, mut of_tries) =
        (KindReport::new("runs"), KindReport::new("task instances"), KindReport::new("earlier tries"));
    let total = source.count("dag_run").await?;
    let newest = runs::newest_scheduled(source, options).await?;
    let mut after = progress::after(target, source, "runs").await?;
    let mut done = source.count_where("dag_run", &format!("id <= {after}")).await?;
    loop {
        progress("runs", done, total);
        let rest = format!("WHERE r.id > {after} ORDER BY r.id LIMIT {BATCH}");
        let rows = source.all::<runs::RunRow>(&runs::from(source), &rest).await?;
        let Some(last) = rows.last().map(|row| row.id) else { break };
        done += rows.len() as u64;
        let mut tx = progress::begin(target).await?;
        let mut runs = runs::write(tx.as_mut(), rows, options, &newest, &mut of_runs).await?;
        if !runs.0.is_empty() {
            task_instances::copy(source, tx.as_mut(), &mut runs, &mut of_tis).await?;
            tries::copy(source, tx.as_mut(), &runs, &mut of_tries).await?;
            runs::count(tx.as_mut(), &runs).await?;
        }
        if let Some(mut tx) = tx {
            progress::keep(&mut tx, source, "runs", last).await?;
            tx.notify(Topic::Ui);
            tx.commit().await?;
        }
        after = last;
    }
    Ok(vec![of_runs, of_tis, of_tries])
}
