//! What `/api/v2` answers, in the shapes of Airflow 2.11.

use serde_json::{Map, Value, json};

/// Kinds of things, by what Airflow 2 calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The same in both.
    Same,
    Dag,
    DagDetails,
    DagRun,
    TaskInstance,
    Task,
    /// Ids of a task instance only.
    Reference,
    EventLog,
    XCom,
    Connection,
    Dataset,
    DatasetEvent,
    Variable,
}

const DAG: &[&str] = &[
    "dag_id",
    "dag_display_name",
    "is_paused",
    "last_parsed_time",
    "last_expired",
    "fileloc",
    "file_token",
    "owners",
    "description",
    "timetable_description",
    "tags",
    "max_active_tasks",
    "max_active_runs",
    "max_consecutive_failed_dag_runs",
    "has_task_concurrency_limits",
    "has_import_errors",
    "next_dagrun_data_interval_start",
    "next_dagrun_data_interval_end",
    "timezone",
    "catchup",
    "concurrency",
    "start_date",
    "end_date",
    "doc_md",
    "params",
    "is_paused_upon_creation",
    "last_parsed",
    "template_search_path",
    "render_template_as_native_obj",
];
const RUN: &[&str] = &[
    "dag_run_id",
    "dag_id",
    "logical_date",
    "start_date",
    "end_date",
    "data_interval_start",
    "data_interval_end",
    "last_scheduling_decision",
    "run_type",
    "state",
    "conf",
    "note",
];
const TI: &[&str] = &[
    "task_id",
    "task_display_name",
    "dag_id",
    "dag_run_id",
    "map_index",
    "start_date",
    "end_date",
    "duration",
    "state",
    "try_number",
    "max_tries",
    "hostname",
    "unixname",
    "pool",
    "pool_slots",
    "queue",
    "priority_weight",
    "operator",
    "pid",
    "executor",
    "executor_config",
    "note",
    "rendered_map_index",
    "rendered_fields",
    "trigger",
];
const EVENT_LOG: &[&str] =
    &["event_log_id", "when", "dag_id", "task_id", "run_id", "map_index", "try_number", "event", "owner", "extra"];
const XCOM: &[&str] = &["key", "timestamp", "map_index", "task_id", "dag_id", "value"];
const CONNECTION: &[&str] = &["connection_id", "conn_type", "description", "host", "login", "schema", "port", "extra"];

/// One thing in its older shape.
pub fn one(shape: Shape, value: &Value) -> Value {
    let date = value["logical_date"].clone();
    match shape {
        Shape::Same => value.clone(),
        Shape::Dag | Shape::DagDetails => dag(shape, value),
        Shape::DagRun => {
            let mut run = only(RUN, value);
            run.insert("execution_date".into(), first_of(&[&date, &value["run_after"]]));
            run.insert("logical_date".into(), first_of(&[&date, &value["run_after"]]));
            let kind = match value["run_type"].as_str() {
                Some("asset_triggered" | "asset_materialization") => "dataset_triggered",
                Some("operator_triggered") => "manual",
                Some(kind) => kind,
                None => "manual",
            };
            run.insert("external_trigger".into(), (kind == "manual").into());
            run.insert("run_type".into(), kind.into());
            run.into()
        }
        Shape::TaskInstance => {
            let mut ti = only(TI, value);
            ti.insert("execution_date".into(), first_of(&[&date, &value["run_after"]]));
            for (old, new) in [("queued_when", "queued_when"), ("sla_miss", "-"), ("triggerer_job", "-")] {
                ti.insert(old.into(), value[new].clone());
            }
            // These were texts, whether or not anything was known.
            for name in ["unixname", "hostname", "operator", "queue"] {
                if ti.get(name).is_none_or(Value::is_null) {
                    ti.insert(name.into(), "".into());
                }
            }
            ti.into()
        }
        Shape::Task => {
            // What a task does not have was left out.
            let given = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            let mut task: Value =
                given.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into();
            let links = value["extra_links"].as_array().into_iter().flatten();
            let links: Vec<Value> = links.map(|name| json!({"class_ref": {"class_name": name}})).collect();
            task["extra_links"] = links.into();
            // It was a truth value then; a factor now.
            task["retry_exponential_backoff"] =
                (value["retry_exponential_backoff"].as_f64().unwrap_or(0.0) > 0.0).into();
            task
        }
        Shape::Reference => json!({
            "task_id": value["task_id"],
            "dag_id": value["dag_id"],
            "dag_run_id": value["dag_run_id"],
            "execution_date": first_of(&[&date, &value["run_after"]]),
        }),
        Shape::EventLog => dated(EVENT_LOG, value, &date),
        Shape::XCom => {
            let mut xcom = only(XCOM, value);
            xcom.insert("execution_date".into(), first_of(&[&date, &value["run_after"]]));
            xcom.into()
        }
        Shape::Connection => only(CONNECTION, value).into(),
        Shape::Variable => only(&["key", "value", "description"], value).into(),
        Shape::Dataset => {
            let mut set = only(&["id", "uri", "extra", "created_at", "updated_at", "producing_tasks"], value);
            set.insert("consuming_dags".into(), value["scheduled_dags"].clone());
            set.into()
        }
        Shape::DatasetEvent => {
            let mut event = only(
                &["extra", "source_dag_id", "source_task_id", "source_run_id", "source_map_index", "timestamp"],
                value,
            );
            event.insert("dataset_id".into(), value["asset_id"].clone());
            event.insert("dataset_uri".into(), value["uri"].clone());
            let runs = value["created_dagruns"].as_array().into_iter().flatten();
            let runs: Vec<Value> = runs
                .map(|run| {
                    let mut run = run.clone();
                    run["dag_run_id"] = run["run_id"].take();
                    one_created_run(&run)
                })
                .collect();
            event.insert("created_dagruns".into(), runs.into());
            event.into()
        }
    }
}

/// All things of a list in their older shape; `(old, new)` names of the list's field.
pub fn list(shape: Shape, names: (&str, &str), value: &Value) -> Value {
    let all: Vec<Value> = value[names.1].as_array().into_iter().flatten().map(|item| one(shape, item)).collect();
    json!({names.0: all, "total_entries": value["total_entries"]})
}

fn one_created_run(run: &Value) -> Value {
    only(
        &[
            "dag_run_id",
            "dag_id",
            "logical_date",
            "start_date",
            "end_date",
            "data_interval_start",
            "data_interval_end",
            "state",
        ],
        run,
    )
    .into()
}

fn only(fields: &[&str], value: &Value) -> Map<String, Value> {
    fields.iter().filter_map(|field| Some(((*field).to_owned(), value.get(field)?.clone()))).collect()
}

fn dated(fields: &[&str], value: &Value, date: &Value) -> Value {
    let mut shaped = only(fields, value);
    shaped.insert("execution_date".into(), date.clone());
    shaped.into()
}

fn first_of(values: &[&Value]) -> Value {
    values.iter().find(|value| !value.is_null()).map_or(Value::Null, |value| (*value).clone())
}

fn dag(shape: Shape, value: &Value) -> Value {
    let mut dag = only(DAG, value);
    let is_active = !value["is_stale"].as_bool().unwrap_or(false);
    let tags: Vec<Value> =
        value["tags"].as_array().into_iter().flatten().map(|tag| json!({"name": tag["name"]})).collect();
    let cron = value["timetable_summary"].as_str();
    let schedule = match cron {
        None | Some("None") => Value::Null,
        Some(text) => json!({"__type": "CronExpression", "value": text}),
    };
    for (name, given) in [
        ("is_active", is_active.into()),
        ("is_subdag", false.into()),
        ("root_dag_id", Value::Null),
        ("tags", tags.into()),
        ("schedule_interval", schedule),
        ("default_view", "grid".into()),
        ("last_pickled", Value::Null),
        ("pickle_id", Value::Null),
        ("scheduler_lock", Value::Null),
        ("next_dagrun", value["next_dagrun_logical_date"].clone()),
        ("next_dagrun_create_after", value["next_dagrun_run_after"].clone()),
    ] {
        dag.insert(name.into(), given);
    }
    if shape == Shape::DagDetails {
        dag.insert("orientation".into(), "LR".into());
        dag.insert("dataset_expression".into(), value["asset_expression"].clone());
        dag.insert("dag_run_timeout".into(), value["dag_run_timeout"].as_str().map_or(Value::Null, span));
    }
    dag.into()
}

/// Airflow 2's form of `P1DT2H3M4.5S`.
fn span(text: &str) -> Value {
    let (mut days, mut seconds, mut micros, mut number) = (0.0, 0.0, 0.0, String::new());
    for c in text.chars() {
        let value: f64 = number.parse().unwrap_or(0.0);
        match c {
            'D' => days = value,
            'H' => seconds += value * 3600.0,
            'M' => seconds += value * 60.0,
            'S' => {
                seconds += value.trunc();
                micros = (value.fract() * 1e6).round();
            }
            '0'..='9' | '.' | '-' => {
                number.push(c);
                continue;
            }
            _ => {}
        }
        number.clear();
    }
    json!({"__type": "TimeDelta", "days": days as i64, "seconds": seconds as i64, "microseconds": micros as i64})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_have_their_older_names() {
        let run = json!({"dag_run_id": "r", "run_after": "2024-01-01T00:00:00Z", "logical_date": null,
            "run_type": "asset_triggered", "bundle_version": "x"});
        let run = one(Shape::DagRun, &run);
        assert_eq!(run["execution_date"], "2024-01-01T00:00:00Z");
        assert_eq!(
            (run["run_type"].as_str(), run["external_trigger"].as_bool()),
            (Some("dataset_triggered"), Some(false))
        );
        assert!(run.get("bundle_version").is_none());
    }

    #[test]
    fn spans_of_time_are_taken_apart() {
        let given = span("P1DT1H2M3.5S");
        assert_eq!(given, json!({"__type": "TimeDelta", "days": 1, "seconds": 3723, "microseconds": 500_000}));
    }
}
