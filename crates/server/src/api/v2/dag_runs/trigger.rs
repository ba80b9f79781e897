//! `POST /api/v2/dags/{dag_id}/dagRuns`: triggers a run.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use tradewind_core::timetable::{TimetableSpec, run_id};
use tradewind_core::{RunType, Timestamp};
use tradewind_store::read::DagView;
use tradewind_store::{NewRun, TriggerOutcome};

use super::{DagRun, must_exist};
use crate::api::v2::dags;
use crate::auth::{Identity, Via};
use crate::clock::now;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::params;
use crate::state::App;

/// What to trigger.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Its id; made from the date without.
    #[serde(default)]
    pub dag_run_id: Option<String>,
    /// Start of its data.
    #[serde(default)]
    pub data_interval_start: Option<Timestamp>,
    /// End of its data.
    #[serde(default)]
    pub data_interval_end: Option<Timestamp>,
    /// Must be there, and may be null.
    #[serde(deserialize_with = "present")]
    pub logical_date: Option<Timestamp>,
    /// Not before.
    #[serde(default)]
    pub run_after: Option<Timestamp>,
    /// Configuration.
    #[serde(default)]
    pub conf: Option<Map<String, Value>>,
    /// For people.
    #[serde(default)]
    pub note: Option<String>,
    /// The partition that it is about.
    #[serde(default)]
    pub partition_key: Option<String>,
}

/// Unlike a plain `Option`, a field read with this must be there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Option::deserialize(deserializer)
}

/// Creates the run.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    Body(asked): Body<Trigger>,
) -> ApiResult<Json<DagRun>> {
    trigger(&app, &who, &dag_id, asked, RunType::Manual).await
}

/// Creates a run of a type.
///
/// # Errors
/// 400 for what makes no sense, 404 if there is no such DAG, 409 if there is such a run.
pub async fn trigger(
    app: &App,
    who: &Identity,
    dag_id: &str,
    asked: Trigger,
    run_type: RunType,
) -> ApiResult<Json<DagRun>> {
    let dag = dags::must_exist(app, dag_id).await?;
    if dag.has_import_errors {
        return Err(ApiError::bad_request(format!(
            "the file of DAG '{dag_id}' has an import error; a run would not find its tasks"
        )));
    }
    if dag.is_stale {
        return Err(ApiError::conflict(format!("DAG '{dag_id}' is not in its file any more, so nothing can run it")));
    }
    let partition = partition(&dag, asked.partition_key.clone())?;
    check_params(app, &dag, asked.conf.as_ref()).await?;
    let run = plan(app, &dag, asked, who, run_type).await?;
    let run_id = run.run_id.clone();
    match app.store.trigger_run_of(run, partition).await? {
        TriggerOutcome::Created(_) => {}
        TriggerOutcome::RunIdExists => {
            return Err(taken(format!("DAG '{dag_id}' has a run '{run_id}' already")));
        }
        TriggerOutcome::LogicalDateExists(other) => {
            return Err(taken(format!("DAG '{dag_id}' has a run with this logical date already: '{other}'")));
        }
    }
    app.record(Event::new("trigger_dag_run", who).run(dag_id, &run_id)).await?;
    Ok(Json(must_exist(app, dag_id, &run_id).await?.into()))
}

/// Refuses a configuration that does not fit the params of the DAG's newest version.
async fn check_params(app: &App, dag: &DagView, conf: Option<&Map<String, Value>>) -> ApiResult<()> {
    let version = dag.latest_version_id.ok_or_else(|| {
        ApiError::not_found(format!("DAG '{}' has no version yet: its file has not been parsed", dag.dag_id))
    })?;
    let facts = app.versions.facts(&app.store, version).await?;
    let problem = params::problem(&facts.params, conf, &app.config.dag_defaults);
    problem.map_or(Ok(()), |problem| Err(ApiError::bad_request(problem)))
}

/// The partition that a run is about, and the instant that it stands for, as far as the DAG's timetable knows.
fn partition(dag: &DagView, key: Option<String>) -> ApiResult<Option<(String, Option<Timestamp>)>> {
    let Some(key) = key else { return Ok(None) };
    let problem = |msg: String| ApiError::invalid("value_error", &["body", "partition_key"], msg);
    if key.trim().is_empty() || key.chars().count() > 250 {
        return Err(problem("a partition key has 1 to 250 characters".into()));
    }
    // A timetable that can't be read would have been an import error.
    let spec = serde_json::from_str::<TimetableSpec>(&dag.timetable).ok();
    let date = spec.map(|spec| spec.partition_date(&key)).transpose().map_err(|error| problem(error.to_string()))?;
    Ok(Some((key, date.flatten())))
}

/// The run that the request and the DAG's timetable ask for.
async fn plan(app: &App, dag: &DagView, trigger: Trigger, who: &Identity, run_type: RunType) -> ApiResult<NewRun> {
    if trigger.data_interval_start.is_some() != trigger.data_interval_end.is_some() {
        let msg = "data_interval_start and data_interval_end go together";
        return Err(ApiError::invalid("value_error", &["body", "data_interval_start"], msg));
    }
    let at = now();
    let given = trigger.data_interval_start.zip(trigger.data_interval_end);
    let interval = match (given, trigger.logical_date) {
        (Some((start, end)), _) if start > end => {
            return Err(ApiError::invalid("value_error", &["body", "data_interval_end"], "it ends before it begins"));
        }
        (Some(interval), _) => Some(interval),
        (None, Some(date)) => {
            let inferred = app.store.manual_interval(&dag.dag_id, &dag.timetable, date).await?;
            Some((inferred.start, inferred.end))
        }
        (None, None) => None,
    };
    let run_after = trigger.run_after.unwrap_or(match (trigger.logical_date, interval) {
        (Some(_), Some((_, end))) => end,
        _ => at,
    });
    let id = match trigger.dag_run_id {
        Some(id) => check_id(app, id)?,
        None => {
            let name = run_id(run_type, trigger.logical_date.unwrap_or(run_after));
            // Runs without a date may come several at a time.
            if trigger.logical_date.is_some() { name } else { format!("{name}_{}", random_suffix()) }
        }
    };
    Ok(NewRun {
        dag_id: dag.dag_id.clone(),
        run_id: id,
        run_type,
        logical_date: trigger.logical_date,
        data_interval_start: interval.map(|(start, _)| start),
        data_interval_end: interval.map(|(_, end)| end),
        run_after,
        queued_at: at,
        conf: Value::Object(trigger.conf.unwrap_or_default()),
        triggered_by: Some(if who.via == Via::Cookie { "ui" } else { "rest_api" }.to_owned()),
        triggering_user: Some(who.name.clone()),
        note: trigger.note,
        dag_version_id: None,
        owner: None,
    })
}

fn check_id(app: &App, id: String) -> ApiResult<String> {
    let problem = if id.is_empty() {
        "it is empty".to_owned()
    } else if id.chars().count() > 250 {
        "it is longer than 250 characters".to_owned()
    } else if !app.run_ids.is_match(&id) {
        format!("it does not match [scheduler] allowed_run_id_pattern ({})", app.config.allowed_run_id_pattern)
    } else {
        return Ok(id);
    };
    Err(ApiError::invalid("value_error", &["body", "dag_run_id"], problem))
}

fn random_suffix() -> String {
    use rand::Rng as _;
    let mut rng = rand::rng();
    (0..8).map(|_| char::from(rng.sample(rand::distr::Alphanumeric))).collect()
}

/// 409 in the shape that clients know from databases' unique constraints.
fn taken(what: String) -> ApiError {
    let mut error = ApiError::conflict("");
    error.detail = json!({"reason": "Unique constraint violation", "statement": what, "orig_error": what});
    error
}
