//! `POST /api/v2/dags/{dag_id}/clearTaskInstances`: runs task instances again, or says which that would be.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use tradewind_core::{TaskState, Timestamp};

use super::{TaskInstances, shapes};
use crate::api::v2::{dag_runs, dags};
use crate::auth::Identity;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::rerun;
use crate::rerun::markers;
use crate::rerun::select::{self, Clearing, Reach, TaskRef, Which};
use crate::state::App;

/// What to clear.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clear {
    #[serde(default = "yes")]
    dry_run: bool,
    #[serde(default)]
    start_date: Option<Timestamp>,
    #[serde(default)]
    end_date: Option<Timestamp>,
    #[serde(default = "yes")]
    only_failed: bool,
    #[serde(default)]
    only_running: bool,
    #[serde(default = "yes")]
    reset_dag_runs: bool,
    #[serde(default)]
    task_ids: Option<Vec<TaskRef>>,
    #[serde(default)]
    dag_run_id: Option<String>,
    #[serde(default)]
    include_upstream: bool,
    #[serde(default)]
    include_downstream: bool,
    #[serde(default)]
    include_future: bool,
    #[serde(default)]
    include_past: bool,
    #[serde(default)]
    run_on_latest_version: Option<bool>,
    #[serde(default)]
    prevent_running_task: bool,
    #[serde(default)]
    note: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Clears them.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    Body(clear): Body<Clear>,
) -> ApiResult<Json<TaskInstances>> {
    let dag = dags::must_exist(&app, &dag_id).await?;
    let reach = Reach {
        upstream: clear.include_upstream,
        downstream: clear.include_downstream,
        past: clear.include_past,
        future: clear.include_future,
    };
    let (runs, version) = match &clear.dag_run_id {
        Some(run_id) => {
            let run = dag_runs::must_exist(&app, &dag_id, run_id).await?;
            (select::runs_around(&app.store, &run, reach).await?, run.dag_version_id.or(dag.latest_version_id))
        }
        None if clear.include_past || clear.include_future => {
            return Err(ApiError::bad_request("include_past and include_future need a dag_run_id to start from"));
        }
        None => {
            (select::runs_between(&app.store, &dag_id, clear.start_date, clear.end_date).await?, dag.latest_version_id)
        }
    };
    let newest = rerun::newest(&app.store, &dag_id).await?;
    let latest_version = rerun::latest_version(clear.run_on_latest_version, &newest, &app.config.dag_defaults, false);
    let structure = if latest_version { newest } else { dags::structure(&app, &dag_id, version).await? };
    let tasks = match &clear.task_ids {
        Some(tasks) if !tasks.is_empty() => select::spread(&structure, &app.config.dag_defaults, tasks, reach, true)?,
        _ => Vec::new(),
    };
    let which = Which { only_failed: clear.only_failed, only_running: clear.only_running };
    let mut tis = select::in_runs(&app.store, runs, &tasks, &which).await?;
    tis.retain(|ti| ti.state.is_some());
    let running = tis.iter().filter(|ti| ti.state == Some(TaskState::Running)).count();
    if clear.prevent_running_task && running > 0 {
        return Err(ApiError::conflict(format!("{running} of the task instances are running")));
    }
    let followed = markers::follow(&app.store, &app.config.dag_defaults, &structure, &tis, &which).await?;
    if clear.dry_run {
        tis.extend(followed.into_iter().flat_map(|one| one.tis));
        return Ok(Json(TaskInstances::all(shapes(&app, tis).await?)));
    }
    let how = Clearing { reopen_runs: clear.reset_dag_runs, latest_version, also_run: None };
    select::clear(&app.store, &app.config.dag_defaults, &tis, how).await?;
    markers::clear(&app.store, &app.config.dag_defaults, &followed, how).await?;
    tis.extend(followed.into_iter().flat_map(|one| one.tis));
    if let Some(note) = &clear.note {
        let ids: Vec<i64> = tis.iter().map(|ti| ti.id).collect();
        app.store.set_ti_notes(&ids, Some(note)).await?;
    }
    let mut event = Event::new("clear_task_instances", &who).dag(&dag_id);
    if let Some(run_id) = &clear.dag_run_id {
        event = event.run(&dag_id, run_id);
    }
    app.record(event.extra(json!({"task_instances": tis.len(), "only_failed": clear.only_failed}))).await?;
    Ok(Json(TaskInstances::all(shapes(&app, tis).await?)))
}
