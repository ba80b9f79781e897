//! `task_instance`, with what other tables say of each: notes, rendered fields, lengths for mapping.

use tradewind_core::{TaskState, Timestamp};

use super::super::foreign::foreign;
use super::super::{AirflowSource, KindReport};
use super::{Runs, list, run_join};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Tx};

foreign! {
    struct TiRow {
        run: i64 = "r.id",
        task_id: String = "ti.task_id",
        map_index: Option<i64> = "ti.map_index",
        state: Option<String> = "ti.state",
        try_number: i64 = "ti.try_number",
        max_tries: i64 = "ti.max_tries",
        scheduled_at: Option<Timestamp> = "ti.scheduled_dttm",
        queued_at: Option<Timestamp> = "ti.queued_dttm",
        start_date: Option<Timestamp> = "ti.start_date",
        end_date: Option<Timestamp> = "ti.end_date",
        operator: String = "ti.operator",
        pool: Option<String> = "ti.pool",
        pool_slots: Option<i64> = "ti.pool_slots",
        queue: Option<String> = "ti.queue",
        priority: Option<i64> = "ti.priority_weight",
        executor: Option<String> = "ti.executor",
        hostname: Option<String> = "ti.hostname",
        pid: Option<i64> = "ti.pid",
        rendered_map_index: Option<String> = "ti.rendered_map_index",
        run_end: Option<Timestamp> = "r.end_date",
        run_start: Option<Timestamp> = "r.start_date",
        run_date: Option<Timestamp> = "r.logical_date|r.execution_date|r.run_after",
        note: Option<String> = "n.content",
        rendered: Option<String> = "f.rendered_fields",
        map_length: Option<i64> = "m.length",
    }
}

const TIS: Batch = Batch(&[
    ("run_key", "bigint"),
    ("dag_id", "text"),
    ("task_id", "text"),
    ("map_index", "integer"),
    ("state", "text"),
    ("try_number", "integer"),
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
    ("note", "text"),
    ("reason", "text"),
    ("map_length", "integer"),
    ("rendered_fields", "text"),
]);
static ADD: Statement = Statement::new(
    "INSERT INTO task_instance (run_key, dag_id, task_id, map_index, state, try_number, max_tries, scheduled_at,
        queued_at, start_date, end_date, first_started_at, operator, pool, pool_slots, queue, priority, executor,
        hostname, pid, rendered_map_index, note, reason, map_length, rendered_fields, updated_at)
     SELECT run_key, dag_id, task_id, map_index, state, try_number, max_tries, scheduled_at,
        queued_at, start_date, end_date, start_date, operator, pool, pool_slots, queue, priority, executor,
        hostname, pid, rendered_map_index, note, reason, map_length, rendered_fields, $2
     FROM {rows} AS w WHERE TRUE
     ON CONFLICT DO NOTHING",
)
.rows(TIS);

/// Copies the task instances of these runs.
pub(super) async fn copy(
    source: &AirflowSource,
    mut tx: Option<&mut Tx>,
    runs: &mut Runs,
    report: &mut KindReport,
) -> Result<(), Error> {
    let rest = format!("WHERE r.id IN ({})", list(runs.0.keys().copied()));
    let mut chunks = source.stream::<TiRow>(&from(source), &rest);
    while let Some(chunk) = chunks.recv().await {
        let mut rows = Rows::new(TIS);
        for row in chunk? {
            report.read += 1;
            let Some(run) = runs.0.get_mut(&row.run) else { continue };
            let now = state(row.state.as_deref());
            if let (Some(was), true) = (&row.state, row.state.as_deref() != now.map(TaskState::as_str)) {
                let became = now.map_or("without a state", TaskState::as_str);
                report.change(format!("it was {was}, and is {became} now"), format!("{}.{}", run.dag_id, row.task_id));
            }
            *run.counts.entry(now.map_or("no_status", TaskState::as_str)).or_default() += 1;
            let reason = (now == Some(TaskState::Failed) && row.state.as_deref() != Some("failed")).then(|| {
                format!("it was {} in Airflow when it was imported", row.state.as_deref().unwrap_or_default())
            });
            // Airflow may leave out what our schema insists on.
            let end = row.end_date.or(row.start_date).or(row.run_end).or(row.run_start).or(row.run_date);
            let end = end.unwrap_or(Timestamp::from_micros(0));
            let end = if now.is_some_and(TaskState::is_finished) { Some(end) } else { row.end_date };
            rows.push([
                run.run_key.into(),
                (&run.dag_id).into(),
                row.task_id.into(),
                row.map_index.unwrap_or(-1).into(),
                now.into(),
                row.try_number.max(0).into(),
                row.max_tries.max(0).into(),
                row.scheduled_at.into(),
                row.queued_at.into(),
                row.start_date.into(),
                end.into(),
                row.operator.into(),
                row.pool.unwrap_or_else(|| "default_pool".into()).into(),
                row.pool_slots.unwrap_or(1).max(1).into(),
                row.queue.unwrap_or_else(|| "default".into()).into(),
                row.priority.unwrap_or(1).clamp(i32::MIN.into(), i32::MAX.into()).into(),
                row.executor.into(),
                row.hostname.filter(|name| !name.is_empty()).into(),
                row.pid.into(),
                row.rendered_map_index.into(),
                row.note.into(),
                reason.into(),
                row.map_length.into(),
                row.rendered.filter(|fields| fields.starts_with('{')).into(),
            ]);
        }
        let count = rows.len() as u64;
        let written = match tx.as_deref_mut() {
            Some(tx) => ADD.bind(rows).bind(crate::now()).run(tx).await?,
            None => count,
        };
        report.written += written;
        report.kept += count - written;
    }
    Ok(())
}

/// What [`TiRow`] is selected from, with the tables that this Airflow has.
fn from(source: &AirflowSource) -> String {
    let mut from = run_join(source, "task_instance", "ti");
    let same = |alias: &str, table: &str| {
        let mut on = format!("{alias}.dag_id = ti.dag_id AND {alias}.task_id = ti.task_id");
        for column in ["run_id", "map_index"] {
            if source.has(table, column) && source.has("task_instance", column) {
                on.push_str(&format!(" AND {alias}.{column} = ti.{column}"));
            }
        }
        if !source.has(table, "run_id") && source.has(table, "execution_date") {
            on.push_str(&format!(" AND {alias}.execution_date = r.execution_date"));
        }
        format!(" LEFT JOIN {table} AS {alias} ON {on}")
    };
    if source.has("task_instance_note", "ti_id") {
        from.push_str(" LEFT JOIN task_instance_note AS n ON n.ti_id = ti.id");
    } else if source.has_table("task_instance_note") {
        from.push_str(&same("n", "task_instance_note"));
    }
    if source.has_table("rendered_task_instance_fields") {
        from.push_str(&same("f", "rendered_task_instance_fields"));
    }
    if source.has_table("task_map") {
        from.push_str(&same("m", "task_map"));
    }
    from
}

/// What a state becomes: what had begun and did not end has failed, what had not begun has no state. Nothing that was
/// under way in Airflow is run again by itself.
pub(super) fn state(known: Option<&str>) -> Option<TaskState> {
    match known? {
        "success" => Some(TaskState::Success),
        "skipped" => Some(TaskState::Skipped),
        "upstream_failed" => Some(TaskState::UpstreamFailed),
        "removed" => Some(TaskState::Removed),
        "" | "none" | "no_status" | "scheduled" | "queued" => None,
        // Failed, and: running, restarting, shutdown, sensing, up_for_retry, up_for_reschedule, deferred …
        _ => Some(TaskState::Failed),
    }
}
