//! `xcom`: JSON since 3.0; before, bytes that are JSON, or pickles when the installation wanted that.

use tradewind_core::Timestamp;

use super::super::foreign::{Payload, foreign};
use super::super::payload::json_of;
use super::super::{AirflowSource, KindReport, progress};
use super::{BATCH, RunId, list, run_join};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Store};

foreign! {
    struct XComRow {
        dag_id: String = "r.dag_id",
        run_id: String = "r.run_id",
        task_id: String = "x.task_id",
        map_index: Option<i64> = "x.map_index",
        key: String = "x.key",
        at: Option<Timestamp> = "x.timestamp",
        value: Option<Payload> = "x.value",
    }
}

const XCOMS: Batch = Batch(&[
    ("dag_id", "text"),
    ("run_id", "text"),
    ("task_id", "text"),
    ("map_index", "integer"),
    ("key", "text"),
    ("created_at", "bigint"),
    ("value", "text"),
]);
static ADD: Statement = Statement::new(
    "INSERT INTO xcom (run_key, task_id, map_index, key, dag_id, created_at, value)
     SELECT r.id, w.task_id, w.map_index, w.key, r.dag_id, w.created_at, w.value
     FROM {rows} AS w JOIN dag_run AS r ON r.dag_id = w.dag_id AND r.run_id = w.run_id
     WHERE TRUE
     ON CONFLICT DO NOTHING",
)
.rows(XCOMS);

/// Imports the XComs of runs that are here.
pub(in super::super) async fn xcoms(
    source: &AirflowSource,
    target: Option<&Store>,
    progress: &(dyn Fn(&'static str, u64, u64) + Send + Sync),
) -> Result<KindReport, Error> {
    let mut report = KindReport::new("XComs");
    if !source.has_table("xcom") {
        return Ok(report);
    }
    let total = source.count("dag_run").await?;
    let mut after = progress::after(target, source, "xcoms").await?;
    let mut done = source.count_where("dag_run", &format!("id <= {after}")).await?;
    loop {
        progress("XComs", done, total);
        let rest = format!("WHERE r.id > {after} ORDER BY r.id LIMIT {BATCH}");
        let ids: Vec<i64> = source.all::<RunId>("dag_run AS r", &rest).await?.iter().map(|row| row.id).collect();
        let Some(last) = ids.last().copied() else { return Ok(report) };
        done += ids.len() as u64;
        let mut tx = progress::begin(target).await?;
        let from = if source.has("xcom", "dag_run_id") {
            "xcom AS x JOIN dag_run AS r ON r.id = x.dag_run_id".to_owned()
        } else {
            run_join(source, "xcom", "x")
        };
        // 1.10 may have several of one key; the newest counts.
        let order = if source.has("xcom", "id") { " ORDER BY x.id DESC" } else { "" };
        let mut chunks = source.stream::<XComRow>(&from, &format!("WHERE r.id IN ({}){order}", list(ids)));
        while let Some(chunk) = chunks.recv().await {
            let mut rows = Rows::new(XCOMS);
            for row in chunk? {
                report.read += 1;
                let value = match json_of(row.value.as_ref()) {
                    Ok(value) => value.unwrap_or_else(|| "null".into()),
                    Err(refused) => {
                        report.skip(refused.0, format!("{} {}.{}", row.dag_id, row.task_id, row.key));
                        continue;
                    }
                };
                rows.push([
                    row.dag_id.into(),
                    row.run_id.into(),
                    row.task_id.into(),
                    row.map_index.unwrap_or(-1).into(),
                    row.key.into(),
                    row.at.unwrap_or(Timestamp::from_micros(0)).into(),
                    value.into(),
                ]);
            }
            let count = rows.len() as u64;
            let written = match tx.as_mut() {
                _ if count == 0 => 0,
                Some(tx) => ADD.bind(rows).run(tx).await?,
                None => count,
            };
            report.written += written;
            report.kept += count - written;
        }
        if let Some(mut tx) = tx {
            progress::keep(&mut tx, source, "xcoms", last).await?;
            tx.commit().await?;
        }
        after = last;
    }
}
