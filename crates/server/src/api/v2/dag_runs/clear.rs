//! `POST …/dagRuns/{dag_run_id}/clear` and `…/clearDagRuns`: run runs again, or say what that would run.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_protocol::SerializedDag;
use tradewind_store::read::{RunView, TiView};

use super::partitions::Chosen;
use super::{DagRun, must_exist};
use crate::api::v2::task_instances::shapes;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::rerun;
use crate::rerun::markers::{self, Followed};
use crate::rerun::select::{self, Which};
use crate::state::App;

/// What to clear.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clear {
    #[serde(default = "yes")]
    dry_run: bool,
    #[serde(default)]
    only_failed: bool,
    #[serde(default)]
    only_new: bool,
    #[serde(default)]
    run_on_latest_version: Option<bool>,
    #[serde(default)]
    note: Option<String>,
}

/// What to clear in many runs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearMany {
    #[serde(default = "yes")]
    dry_run: bool,
    #[serde(default)]
    only_failed: bool,
    #[serde(default)]
    only_new: bool,
    #[serde(default)]
    run_on_latest_version: Option<bool>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    dag_runs: Vec<OneRun>,
    #[serde(default)]
    partition_key: Option<String>,
    #[serde(default)]
    partition_date_start: Option<Timestamp>,
    #[serde(default)]
    partition_date_end: Option<Timestamp>,
}

/// One of them.
#[derive(Deserialize)]
struct OneRun {
    dag_run_id: String,
    #[serde(default)]
    dag_id: Option<String>,
}

impl Clear {
    /// Everything in the run, whatever its state.
    pub(super) fn all() -> Self {
        Self { dry_run: false, only_failed: false, only_new: false, run_on_latest_version: None, note: None }
    }
}

const fn yes() -> bool {
    true
}

/// What clearing a run is about.
pub(super) enum Affected {
    /// These run again.
    Instances(Vec<TiView>),
    /// These tasks (id, display name) are new in the newest version and run for the first time.
    NewTasks(Vec<(String, String)>),
}

/// Clears the run.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id)): Path<(String, String)>,
    Body(clear): Body<Clear>,
) -> ApiResult<Response> {
    let run = must_exist(&app, &dag_id, &run_id).await?;
    if clear.dry_run {
        let shown = shown(&app, with_followed(&app, &run, &clear).await?).await?;
        return Ok(Json(json!({"total_entries": shown.len(), "task_instances": shown})).into_response());
    }
    Ok(Json(one(&app, &who, &run, &clear).await?).into_response())
}

/// Clears many runs.
pub async fn many(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    Body(body): Body<ClearMany>,
) -> ApiResult<Response> {
    let chosen = Chosen {
        partition_key: body.partition_key.clone(),
        start: body.partition_date_start,
        end: body.partition_date_end,
    };
    chosen.must_be_the_only_way("dag_runs (non-empty)", !body.dag_runs.is_empty())?;
    let mut runs: Vec<RunView> = Vec::with_capacity(body.dag_runs.len());
    for named in &body.dag_runs {
        let of_dag = match (dag_id.as_str(), named.dag_id.as_deref()) {
            ("~", None | Some("~")) => {
                return Err(ApiError::bad_request("with '~' in the path, every entry needs its dag_id"));
            }
            ("~", Some(own)) => own,
            (path, Some(own)) if own != path => {
                return Err(ApiError::bad_request(format!("an entry names DAG '{own}' and the path '{path}'")));
            }
            (path, _) => path,
        };
        let run = must_exist(&app, of_dag, &named.dag_run_id).await?;
        if runs.iter().all(|known| known.id != run.id) {
            runs.push(run);
        }
    }
    if chosen.is_given() {
        runs = chosen.runs(&app, &dag_id).await?;
    }
    let clear = Clear {
        dry_run: body.dry_run,
        only_failed: body.only_failed,
        only_new: body.only_new,
        run_on_latest_version: body.run_on_latest_version,
        note: body.note,
    };
    if clear.dry_run {
        let mut all = Vec::new();
        for run in &runs {
            all.extend(shown(&app, with_followed(&app, run, &clear).await?).await?);
        }
        return Ok(Json(json!({"total_entries": all.len(), "task_instances": all})).into_response());
    }
    let mut cleared = Vec::with_capacity(runs.len());
    for run in &runs {
        cleared.push(one(&app, &who, run, &clear).await?);
    }
    Ok(Json(json!({"total_entries": cleared.len(), "dag_runs": cleared})).into_response())
}

pub(super) async fn affected(app: &App, run: &RunView, clear: &Clear) -> ApiResult<Affected> {
    if clear.only_new && clear.only_failed {
        return Err(ApiError::bad_request("only_new and only_failed exclude each other"));
    }
    if clear.only_new {
        let newest = rerun::newest(&app.store, &run.dag_id).await?;
        return Ok(Affected::NewTasks(new_tasks(app, run, &newest).await?));
    }
    let which = Which { only_failed: clear.only_failed, ..Which::default() };
    let mut tis = select::in_runs(&app.store, vec![run.id], &[], &which).await?;
    tis.retain(|ti| ti.state.is_some());
    Ok(Affected::Instances(tis))
}

/// With what markers among the instances lead to.
async fn with_followed(app: &App, run: &RunView, clear: &Clear) -> ApiResult<Affected> {
    let affected = affected(app, run, clear).await?;
    let Affected::Instances(mut tis) = affected else { return Ok(affected) };
    tis.extend(followed(app, run, clear, &tis).await?.into_iter().flat_map(|one| one.tis));
    Ok(Affected::Instances(tis))
}

async fn followed(app: &App, run: &RunView, clear: &Clear, tis: &[TiView]) -> ApiResult<Vec<Followed>> {
    let newest = rerun::newest(&app.store, &run.dag_id).await?;
    let which = Which { only_failed: clear.only_failed, ..Which::default() };
    markers::follow(&app.store, &app.config.dag_defaults, &newest, tis, &which).await
}

/// Tasks of the newest version that the run has no instance of.
async fn new_tasks(app: &App, run: &RunView, newest: &SerializedDag) -> ApiResult<Vec<(String, String)>> {
    let known = app.store.task_outcomes(run.id).await?;
    let new = newest.tasks.iter().filter(|task| !known.contains_key(&task.task_id));
    Ok(new.map(|task| (task.task_id.clone(), task.display_name.clone().unwrap_or(task.task_id.clone()))).collect())
}

/// As clients see it.
async fn shown(app: &App, affected: Affected) -> ApiResult<Vec<Value>> {
    let broken = |error: serde_json::Error| ApiError::conflict(error.to_string());
    match affected {
        Affected::Instances(tis) => {
            shapes(app, tis).await?.into_iter().map(|ti| serde_json::to_value(ti).map_err(broken)).collect()
        }
        Affected::NewTasks(tasks) => {
            Ok(tasks.into_iter().map(|(id, name)| json!({"task_id": id, "task_display_name": name})).collect())
        }
    }
}

pub(super) async fn one(app: &App, who: &Identity, run: &RunView, clear: &Clear) -> ApiResult<DagRun> {
    let newest = rerun::newest(&app.store, &run.dag_id).await?;
    let defaults = &app.config.dag_defaults;
    let latest_version = rerun::latest_version(clear.run_on_latest_version, &newest, defaults, false);
    let (tis, latest_version, reopens) = match affected(app, run, clear).await? {
        Affected::Instances(tis) => (tis, latest_version, true),
        // New tasks are in no other version; a run that has them all stays as it is.
        Affected::NewTasks(tasks) => (Vec::new(), true, !tasks.is_empty()),
    };
    if reopens {
        let how = select::Clearing { reopen_runs: true, latest_version, also_run: Some(run.id) };
        let followed = followed(app, run, clear, &tis).await?;
        select::clear(&app.store, defaults, &tis, how).await?;
        markers::clear(&app.store, defaults, &followed, how).await?;
    }
    if let Some(note) = &clear.note {
        app.store.set_run_note(run.id, Some(note)).await?;
    }
    let extra = json!({"only_failed": clear.only_failed, "only_new": clear.only_new, "task_instances": tis.len()});
    app.record(Event::new("clear_dag_run", who).run(&run.dag_id, &run.run_id).extra(extra)).await?;
    Ok(must_exist(app, &run.dag_id, &run.run_id).await?.into())
}
