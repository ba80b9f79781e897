//! Which DAGs are paused. A DAG that was never parsed here gets a row that says just that, marked as not there (stale);
//! when the dag-processor meets the DAG it fills in the rest and leaves alone whether it is paused.

use super::foreign::foreign;
use super::report::KindReport;
use super::{AirflowSource, progress};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Store, Topic};

foreign! {
    struct DagRow {
        dag_id: String = "dag_id",
        is_paused: bool = "is_paused",
        is_subdag: bool = "is_subdag",
        fileloc: Option<String> = "fileloc",
        description: Option<String> = "description",
    }
}

const DAGS: Batch =
    Batch(&[("dag_id", "text"), ("is_paused", "boolean"), ("fileloc", "text"), ("description", "text")]);
static ADD: Statement = Statement::new(
    "INSERT INTO dag (dag_id, bundle_name, relative_fileloc, fileloc, is_paused, is_stale, description, timetable,
        max_active_runs, max_active_tasks, created_at, updated_at)
     SELECT dag_id, 'dags-folder', '', fileloc, is_paused, TRUE, description, '{\"type\":\"null\"}', 16, 16, $2, $2
     FROM {rows} AS w WHERE TRUE
     ON CONFLICT (dag_id) DO UPDATE SET is_paused = excluded.is_paused, updated_at = excluded.updated_at
     WHERE dag.is_paused <> excluded.is_paused",
)
.rows(DAGS);

/// Only the first import says what is paused: afterwards it is decided here.
pub(super) async fn dags(source: &AirflowSource, target: Option<&Store>) -> Result<KindReport, Error> {
    let mut report = KindReport::new("DAG pause states");
    let rows = if source.has_table("dag") { source.all::<DagRow>("dag", "ORDER BY dag_id").await? } else { Vec::new() };
    report.read = rows.len() as u64;
    if progress::after(target, source, "dags").await? > 0 {
        report.kept = report.read;
        return Ok(report);
    }
    let mut batch = Rows::new(DAGS);
    for row in rows {
        if row.is_subdag {
            report.skip("it is a sub-DAG", row.dag_id);
            continue;
        }
        let fileloc = row.fileloc.unwrap_or_default();
        batch.push([row.dag_id.into(), row.is_paused.into(), fileloc.into(), row.description.into()]);
    }
    report.written = batch.len() as u64;
    if let Some(store) = target {
        let mut tx = store.begin().await?;
        if batch.len() > 0 {
            ADD.bind(batch).bind(crate::now()).run(&mut tx).await?;
        }
        progress::keep(&mut tx, source, "dags", 1).await?;
        tx.notify(Topic::Dags);
        tx.notify(Topic::Ui);
        tx.commit().await?;
    }
    Ok(report)
}
