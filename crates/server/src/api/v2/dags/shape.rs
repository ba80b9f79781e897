//! A DAG as clients see it.

use serde::Serialize;
use serde_json::{Value, json};
use tradewind_core::{Duration, Timestamp};
use tradewind_store::read::DagView;

/// A tag of a DAG.
#[derive(Serialize)]
pub struct Tag {
    name: String,
    dag_id: String,
    dag_display_name: String,
}

/// A DAG.
#[derive(Serialize)]
pub struct Dag {
    dag_id: String,
    dag_display_name: String,
    is_paused: bool,
    is_stale: bool,
    last_parsed_time: Option<Timestamp>,
    last_parse_duration: Option<f64>,
    last_expired: Option<Timestamp>,
    bundle_name: Option<String>,
    bundle_version: Option<String>,
    relative_fileloc: Option<String>,
    fileloc: String,
    description: Option<String>,
    timetable_summary: Option<String>,
    timetable_description: Option<String>,
    timetable_partitioned: bool,
    timetable_periodic: bool,
    tags: Vec<Tag>,
    max_active_tasks: i32,
    max_active_runs: i32,
    max_consecutive_failed_dag_runs: i32,
    has_task_concurrency_limits: bool,
    has_import_errors: bool,
    next_dagrun_logical_date: Option<Timestamp>,
    next_dagrun_data_interval_start: Option<Timestamp>,
    next_dagrun_data_interval_end: Option<Timestamp>,
    next_dagrun_run_after: Option<Timestamp>,
    allowed_run_types: Option<Value>,
    owners: Vec<String>,
    is_backfillable: bool,
    file_token: String,
}

impl Dag {
    /// From its row and sorted tags. `limited`: some task has a limit of its own.
    pub fn new(dag: DagView, tags: Vec<String>, limited: bool) -> Self {
        let display_name = dag.display_name.clone().unwrap_or_else(|| dag.dag_id.clone());
        let periodic = is_periodic(&dag.timetable);
        Self {
            tags: tags
                .into_iter()
                .map(|name| Tag { name, dag_id: dag.dag_id.clone(), dag_display_name: display_name.clone() })
                .collect(),
            file_token: file_token(&dag.bundle_name, &dag.relative_fileloc),
            owners: serde_json::from_str(&dag.owners).unwrap_or_default(),
            last_expired: None,
            last_parse_duration: dag.last_parse_ms.map(|ms| ms as f64 / 1000.0),
            dag_display_name: display_name,
            dag_id: dag.dag_id,
            is_paused: dag.is_paused,
            is_stale: dag.is_stale,
            last_parsed_time: dag.last_parsed_at,
            bundle_name: Some(dag.bundle_name),
            bundle_version: None,
            relative_fileloc: Some(dag.relative_fileloc),
            fileloc: dag.fileloc,
            description: dag.description,
            timetable_summary: dag.timetable_summary,
            timetable_description: dag.timetable_description,
            timetable_partitioned: is_partitioned(&dag.timetable),
            timetable_periodic: periodic,
            max_active_tasks: dag.max_active_tasks,
            max_active_runs: dag.max_active_runs,
            max_consecutive_failed_dag_runs: dag.max_consecutive_failed_dag_runs,
            has_task_concurrency_limits: limited,
            has_import_errors: dag.has_import_errors,
            next_dagrun_logical_date: dag.next_logical_date,
            next_dagrun_data_interval_start: dag.next_interval_start,
            next_dagrun_data_interval_end: dag.next_interval_end,
            next_dagrun_run_after: dag.next_run_after,
            allowed_run_types: (!dag.allowed_run_types.is_empty()).then(|| dag.allowed_run_types.into()),
            is_backfillable: periodic,
        }
    }
}

/// Whether a timetable makes runs again and again at times that it knows beforehand.
fn is_periodic(timetable: &str) -> bool {
    let spec: Value = serde_json::from_str(timetable).unwrap_or_default();
    let of = |spec: &Value| {
        !matches!(
            spec["type"].as_str(),
            None | Some(
                "null" | "once" | "continuous" | "asset_triggered" | "partitioned_asset" | "partitioned_at_runtime"
            )
        )
    };
    if spec["type"] == "asset_or_time" { of(&spec["timetable"]) } else { of(&spec) }
}

/// Whether the runs that a timetable makes are about partitions.
fn is_partitioned(timetable: &str) -> bool {
    let spec: Value = serde_json::from_str(timetable).unwrap_or_default();
    matches!(spec["type"].as_str(), Some("partitioned_asset" | "cron_partition"))
}

/// Names a DAG file in the API's calls about files.
pub fn file_token(bundle: &str, relative_fileloc: &str) -> String {
    use std::fmt::Write as _;
    // Hexadecimal, so that it is one path segment whatever the file is called.
    let text = json!({"bundle_name": bundle, "relative_fileloc": relative_fileloc}).to_string();
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// ISO 8601 text of a duration: `PT90S`, as FastAPI writes them.
pub fn iso_duration(span: Duration) -> String {
    let micros = span.as_micros().unsigned_abs();
    let sign = if span.as_micros() < 0 { "-" } else { "" };
    let (days, rest) = (micros / 86_400_000_000, micros % 86_400_000_000);
    let (hours, rest) = (rest / 3_600_000_000, rest % 3_600_000_000);
    let (minutes, rest) = (rest / 60_000_000, rest % 60_000_000);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let mut text = format!("{sign}P");
    if days > 0 {
        text += &format!("{days}D");
    }
    if !micros.is_multiple_of(86_400_000_000) || days == 0 {
        text += "T";
    }
    if hours > 0 {
        text += &format!("{hours}H");
    }
    if minutes > 0 {
        text += &format!("{minutes}M");
    }
    if fraction > 0 {
        text += &format!("{seconds}.{}S", format!("{fraction:06}").trim_end_matches('0'));
    } else if seconds > 0 || micros == 0 {
        text += &format!("{seconds}S");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_durations_in_iso_8601() {
        for (secs, text) in
            [(0.0, "PT0S"), (90.0, "PT1M30S"), (86_400.0, "P1D"), (90_000.5, "P1DT1H0.5S"), (3600.0, "PT1H")]
        {
            assert_eq!(iso_duration(Duration::from_secs_f64(secs)), text);
        }
    }

    #[test]
    fn knows_which_timetables_are_periodic() {
        assert!(is_periodic(r#"{"type":"cron_data_interval","cron":"0 0 * * *"}"#));
        assert!(!is_periodic(r#"{"type":"once"}"#));
        assert!(!is_periodic("null"));
    }
}
