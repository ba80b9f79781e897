//! Earlier tries: `task_instance_history` since 2.10. Before, only `task_fail` tells when tries failed; those are
//! numbered backwards from the task instance's own try.

use std::collections::HashMap;

use tradewind_core::Timestamp;

use super::super::foreign::foreign;
use super::super::{AirflowSource, KindReport};
use super::task_instances::state;
use super::{Runs, list, run_join};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Tx};

foreign! {
    struct HistoryRow {
        run: i64 = "r.id",
        task_id: String = "h.task_id",
        map_index: Option<i64> = "h.map_index",
        try_number: i64 = "h.try_number",
        state: Option<String> = "h.state",
        max_tries: i64 = "h.max_tries",
        scheduled_at: Option<Timestamp> = "h.scheduled_dttm",
        queued_at: Option<Timestamp> = "h.queued_dttm",
        start_date: Option<Timestamp> = "h.start_date",
        end_date: Option<Timestamp> = "h.end_date",
        operator: String = "h.operator",
        pool: Option<String> = "h.pool",
        pool_slots: Option<i64> = "h.pool_slots",
        queue: Option<String> = "h.queue",
        priority: Option<i64> = "h.priority_weight",
        executor: Option<String> = "h.executor",
        hostname: Option<String> = "h.hostname",
        pid: Option<i64> = "h.pid",
        rendered_map_index: Option<String> = "h.rendered_map_index",
    }
}

foreign! {
    struct FailRow {
        run: i64 = "r.id",
        task_id: String = "h.task_id",
        map_index: Option<i64> = "h.map_index",
        start_date: Option<Timestamp> = "h.start_date",
        end_date: Option<Timestamp> = "h.end_date",
        own_start: Option<Timestamp> = "ti.start_date",
        try_number: i64 = "ti.try_number",
        max_tries: i64 = "ti.max_tries",
        operator: String = "ti.operator",
        pool: Option<String> = "ti.pool",
        pool_slots: Option<i64> = "ti.pool_slots",
        queue: Option<String> = "ti.queue",
        priority: Option<i64> = "ti.priority_weight",
    }
}

const TRIES: Batch = Batch(&[
    ("run_key", "bigint"),
    ("task_id", "text"),
    ("map_index", "integer"),
    ("try_number", "integer"),
    ("state", "text"),
    ("max_tries", "integer"),
    ("scheduled_at", "bigint"),
    ("queued_at", "bigint"),
    ("start_date", "bigint"),
    ("end_date", "bigint"),
    ("operator", "text"),
    ("pool", "text"),
    ("pool_slots", "integer"),
    ("queue", "text"),
    ("priority", "integer"),
    ("executor", "text"),
    ("hostname", "text"),
    ("pid", "bigint"),
    ("rendered_map_index", "text"),
]);
/// The try that the task instance's own row tells of is no earlier one.
static ADD: Statement = Statement::new(
    "INSERT INTO task_try (ti_id, try_number, state, max_tries, scheduled_at, queued_at, start_date, end_date, operator,
        pool, pool_slots, queue, priority, executor, hostname, pid, rendered_map_index)
     SELECT t.id, w.try_number, w.state, w.max_tries, w.scheduled_at, w.queued_at, w.start_date, w.end_date, w.operator,
        w.pool, w.pool_slots, w.queue, w.priority, w.executor, w.hostname, w.pid, w.rendered_map_index
     FROM {rows} AS w
     JOIN task_instance AS t ON t.run_key = w.run_key AND t.task_id = w.task_id AND t.map_index = w.map_index
        AND t.try_number <> w.try_number
     ON CONFLICT DO NOTHING",
)
.rows(TRIES);

/// Copies the earlier tries of these runs.
pub(super) async fn copy(
    source: &AirflowSource,
    mut tx: Option<&mut Tx>,
    runs: &Runs,
    report: &mut KindReport,
) -> Result<(), Error> {
    let rest = format!("WHERE r.id IN ({})", list(runs.0.keys().copied()));
    let from = |table: &str| run_join(source, table, "h");
    if source.has_table("task_instance_history") {
        let mut chunks = source.stream::<HistoryRow>(&from("task_instance_history"), &rest);
        while let Some(chunk) = chunks.recv().await {
            write(tx.as_deref_mut(), runs, chunk?, report).await?;
        }
    } else if source.has_table("task_fail") {
        let mapped = if source.has("task_fail", "map_index") { " AND ti.map_index = h.map_index" } else { "" };
        let when = if source.has("task_instance", "run_id") {
            "ti.run_id = r.run_id"
        } else {
            "ti.execution_date = r.execution_date"
        };
        let from = format!(
            "{} JOIN task_instance AS ti ON ti.dag_id = h.dag_id AND ti.task_id = h.task_id AND {when}{mapped}",
            from("task_fail")
        );
        // The failed tries of a task instance stand together, the newest first.
        let rest = format!("{rest} ORDER BY h.start_date DESC, h.id DESC");
        let fails = source.all::<FailRow>(&from, &rest).await?;
        write(tx, runs, numbered(fails), report).await?;
    }
    Ok(())
}

/// Gives failed tries their numbers.
fn numbered(fails: Vec<FailRow>) -> Vec<HistoryRow> {
    let mut next: HashMap<(i64, String, Option<i64>), i64> = HashMap::new();
    let mut tries = Vec::new();
    for fail in fails {
        let next = next.entry((fail.run, fail.task_id.clone(), fail.map_index)).or_insert(fail.try_number - 1);
        // The task instance's own row tells of its last try.
        if fail.start_date == fail.own_start || *next < 1 {
            continue;
        }
        tries.push(HistoryRow {
            run: fail.run,
            task_id: fail.task_id,
            map_index: fail.map_index,
            try_number: *next,
            state: Some("failed".into()),
            max_tries: fail.max_tries,
            scheduled_at: None,
            queued_at: None,
            start_date: fail.start_date,
            end_date: fail.end_date,
            operator: fail.operator,
            pool: fail.pool,
            pool_slots: fail.pool_slots,
            queue: fail.queue,
            priority: fail.priority,
            executor: None,
            hostname: None,
            pid: None,
            rendered_map_index: None,
        });
        *next -= 1;
    }
    tries
}

async fn write(tx: Option<&mut Tx>, runs: &Runs, chunk: Vec<HistoryRow>, report: &mut KindReport) -> Result<(), Error> {
    let mut rows = Rows::new(TRIES);
    for row in chunk {
        report.read += 1;
        let Some(run) = runs.0.get(&row.run) else { continue };
        let Some(state) = state(row.state.as_deref()) else {
            report.skip("it had not begun", format!("{}.{}", run.dag_id, row.task_id));
            continue;
        };
        rows.push([
            run.run_key.into(),
            row.task_id.into(),
            row.map_index.unwrap_or(-1).into(),
            row.try_number.max(0).into(),
            state.into(),
            row.max_tries.max(0).into(),
            row.scheduled_at.into(),
            row.queued_at.into(),
            row.start_date.into(),
            row.end_date.or(row.start_date).into(),
            row.operator.into(),
            row.pool.unwrap_or_else(|| "default_pool".into()).into(),
            row.pool_slots.unwrap_or(1).max(1).into(),
            row.queue.unwrap_or_else(|| "default".into()).into(),
            row.priority.unwrap_or(1).clamp(i32::MIN.into(), i32::MAX.into()).into(),
            row.executor.into(),
            row.hostname.filter(|name| !name.is_empty()).into(),
            row.pid.into(),
            row.rendered_map_index.into(),
        ]);
    }
    let count = rows.len() as u64;
    let written = match tx {
        _ if count == 0 => 0,
        Some(tx) => ADD.bind(rows).run(tx).await?,
        None => count,
    };
    report.written += written;
    // What stays out is the last try, which Airflow 2.10 and later keep in both tables.
    report.kept += count - written;
    Ok(())
}
