//! `dag_run`.

use std::collections::{HashMap, HashSet};

use tradewind_core::{RunType, Timestamp};

use super::super::foreign::{Payload, foreign};
use super::super::payload::json_of;
use super::super::{AirflowSource, ImportOptions, KindReport, Unfinished};
use super::{ImportedRun, RunId, Runs};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Tx};

foreign! {
    pub(super) struct RunRow {
        id: i64 = "r.id",
        dag_id: String = "r.dag_id",
        run_id: String = "r.run_id",
        run_type: Option<String> = "r.run_type",
        external: bool = "r.external_trigger",
        state: Option<String> = "r.state",
        date: Option<Timestamp> = "r.logical_date|r.execution_date",
        interval_start: Option<Timestamp> = "r.data_interval_start",
        interval_end: Option<Timestamp> = "r.data_interval_end",
        run_after: Option<Timestamp> = "r.run_after",
        queued_at: Option<Timestamp> = "r.queued_at",
        start_date: Option<Timestamp> = "r.start_date",
        end_date: Option<Timestamp> = "r.end_date",
        looked_at: Option<Timestamp> = "r.last_scheduling_decision",
        clear_number: i64 = "r.clear_number",
        triggered_by: Option<String> = "r.triggered_by",
        user: Option<String> = "r.triggering_user_name",
        conf: Option<Payload> = "r.conf",
        partition_key: Option<String> = "r.partition_key",
        partition_date: Option<Timestamp> = "r.partition_date",
        bundle_version: Option<String> = "r.bundle_version",
        note: Option<String> = "n.content",
    }
}

const RUNS: Batch = Batch(&[
    ("dag_id", "text"),
    ("run_id", "text"),
    ("run_type", "text"),
    ("triggered_by", "text"),
    ("triggering_user", "text"),
    ("logical_date", "bigint"),
    ("data_interval_start", "bigint"),
    ("data_interval_end", "bigint"),
    ("run_after", "bigint"),
    ("queued_at", "bigint"),
    ("start_date", "bigint"),
    ("end_date", "bigint"),
    ("state", "text"),
    ("clear_number", "integer"),
    ("bundle_version", "text"),
    ("note", "text"),
    ("conf", "text"),
    ("partition_key", "text"),
    ("partition_date", "bigint"),
]);
static ADD: Statement = Statement::new(
    "INSERT INTO dag_run (dag_id, run_id, run_type, triggered_by, triggering_user, logical_date, data_interval_start,
        data_interval_end, run_after, queued_at, start_date, end_date, state, clear_number, bundle_version, note, conf,
        partition_key, partition_date, created_at, updated_at)
     SELECT dag_id, run_id, run_type, triggered_by, triggering_user, logical_date, data_interval_start,
        data_interval_end, run_after, queued_at, start_date, end_date, state, clear_number, bundle_version, note, conf,
        partition_key, partition_date, $2, $2
     FROM {rows} AS w WHERE TRUE
     ON CONFLICT DO NOTHING
     RETURNING id, dag_id, run_id",
)
.rows(RUNS);

const COUNTS: Batch = Batch(&[("id", "bigint"), ("counts", "text")]);
static COUNT: Statement =
    Statement::new("UPDATE dag_run SET state_counts = w.counts FROM {rows} AS w WHERE dag_run.id = w.id").rows(COUNTS);

/// What [`RunRow`] is selected from.
pub(super) fn from(source: &AirflowSource) -> String {
    let mut from = "dag_run AS r".to_owned();
    if source.has_table("dag_run_note") {
        from.push_str(" LEFT JOIN dag_run_note AS n ON n.dag_run_id = r.id");
    }
    from
}

/// With `--since`, the runs that are needed all the same: schedules go on after the newest scheduled run of a DAG.
pub(super) async fn newest_scheduled(source: &AirflowSource, options: &ImportOptions) -> Result<HashSet<i64>, Error> {
    if options.since.is_none() {
        return Ok(HashSet::new());
    }
    let date = if source.has("dag_run", "logical_date") { "logical_date" } else { "execution_date" };
    let from = format!(
        "dag_run AS r JOIN (SELECT dag_id, MAX({date}) AS newest FROM dag_run WHERE run_id LIKE 'scheduled%' \
         GROUP BY dag_id) AS s ON s.dag_id = r.dag_id AND s.newest = r.{date}"
    );
    Ok(source.all::<RunId>(&from, "").await?.into_iter().map(|row| row.id).collect())
}

/// Writes runs; answers those that are new, by the source's id.
pub(super) async fn write(
    tx: Option<&mut Tx>,
    rows: Vec<RunRow>,
    options: &ImportOptions,
    newest: &HashSet<i64>,
    report: &mut KindReport,
) -> Result<Runs, Error> {
    let mut wanted: HashMap<(String, String), i64> = HashMap::new();
    let mut batch = Rows::new(RUNS);
    for row in rows {
        report.read += 1;
        let name = format!("{} {}", row.dag_id, row.run_id);
        let date = row.date.or(row.run_after).or(row.start_date).unwrap_or(Timestamp::from_micros(0));
        if options.since.is_some_and(|since| date < since) && !newest.contains(&row.id) {
            report.skip("it is older than --since", name);
            continue;
        }
        let finished = matches!(row.state.as_deref(), Some("success" | "failed"));
        if !finished && options.unfinished == Unfinished::LeaveOut {
            report.skip("it was not finished", name);
            continue;
        }
        let conf = json_of(row.conf.as_ref()).unwrap_or_else(|refused| {
            report.change(format!("its conf is left out: {}", refused.0), name.as_str());
            None
        });
        let mut note = row.note;
        if !finished {
            report.change("it was not finished, and is failed now", name.as_str());
            let word =
                format!("It was {} in Airflow when it was imported.", row.state.as_deref().unwrap_or("not begun"));
            note = Some(note.map_or_else(|| word.clone(), |note| format!("{note}\n\n{word}")));
        }
        let state = if row.state.as_deref() == Some("success") { "success" } else { "failed" };
        let end = row.end_date.or(row.looked_at).or(row.start_date).or(row.queued_at).unwrap_or(date);
        let run_type = run_type(row.run_type.as_deref(), &row.run_id, row.external);
        let triggered_by = row.triggered_by.map_or_else(
            || if run_type == RunType::Scheduled { "timetable" } else { "unknown" }.to_owned(),
            |by| by.to_lowercase(),
        );
        batch.push([
            (&row.dag_id).into(),
            (&row.run_id).into(),
            run_type.into(),
            triggered_by.into(),
            row.user.into(),
            row.date.into(),
            row.interval_start.or(row.date).into(),
            row.interval_end.or(row.date).into(),
            row.run_after.or(row.interval_end).unwrap_or(date).into(),
            row.queued_at.into(),
            row.start_date.into(),
            end.into(),
            state.into(),
            row.clear_number.into(),
            row.bundle_version.into(),
            note.into(),
            conf.filter(|conf| conf != "null").unwrap_or_else(|| "{}".into()).into(),
            row.partition_key.into(),
            row.partition_date.into(),
        ]);
        wanted.insert((row.dag_id, row.run_id), row.id);
    }
    let count = batch.len() as u64;
    let written: Vec<(i64, String, String)> = match tx {
        _ if count == 0 => Vec::new(),
        Some(tx) => ADD.bind(batch).bind(crate::now()).all(tx).await?,
        None => wanted.keys().map(|(dag_id, run_id)| (0, dag_id.clone(), run_id.clone())).collect(),
    };
    let mut runs = Runs::default();
    for (run_key, dag_id, run_id) in written {
        if let Some(id) = wanted.remove(&(dag_id.clone(), run_id)) {
            runs.0.insert(id, ImportedRun { run_key, dag_id, counts: HashMap::new() });
        }
    }
    report.written += runs.0.len() as u64;
    report.kept += count - runs.0.len() as u64;
    Ok(runs)
}

/// Tells each run's row how many task instances it has in which state.
pub(super) async fn count(tx: Option<&mut Tx>, runs: &Runs) -> Result<(), Error> {
    let Some(tx) = tx else { return Ok(()) };
    let mut rows = Rows::new(COUNTS);
    for run in runs.0.values() {
        let counts = serde_json::to_string(&run.counts).unwrap_or_else(|_| "{}".into());
        rows.push([run.run_key.into(), counts.into()]);
    }
    COUNT.bind(rows).run(tx).await.map(|_| ())
}

/// Types have other names in 2.x; 1.10 has none, and says it in the run's id.
fn run_type(known: Option<&str>, run_id: &str, external: bool) -> RunType {
    match known {
        Some("dataset_triggered") => return RunType::AssetTriggered,
        Some(name) => {
            if let Ok(run_type) = name.parse() {
                return run_type;
            }
        }
        None => {}
    }
    match run_id {
        id if id.starts_with("backfill") => RunType::Backfill,
        id if id.starts_with("scheduled__") && !external => RunType::Scheduled,
        _ => RunType::Manual,
    }
}
