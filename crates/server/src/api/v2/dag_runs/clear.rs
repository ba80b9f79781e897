//! `POST …/dagRuns/{dag_run_id}/clear`: runs a run again, or says what that would run.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{DagRun, must_exist};
use crate::api::v2::task_instances::select::{self, Which};
use crate::api::v2::task_instances::{TaskInstances, shapes};
use crate::auth::Identity;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
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

const fn yes() -> bool {
    true
}

/// Clears the run.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id)): Path<(String, String)>,
    Body(clear): Body<Clear>,
) -> ApiResult<Response> {
    let run = must_exist(&app, &dag_id, &run_id).await?;
    if clear.only_new {
        return Err(ApiError::bad_request(
            "only_new is not there yet: clear the run with run_on_latest_version to have its new tasks run",
        ));
    }
    let which = Which { only_failed: clear.only_failed, ..Which::default() };
    let mut tis = select::in_runs(&app, vec![run.id], &[], &which).await?;
    tis.retain(|ti| ti.state.is_some());
    if clear.dry_run {
        return Ok(Json(TaskInstances::all(shapes(&app, tis).await?)).into_response());
    }
    let how = select::Clearing {
        reopen_runs: true,
        latest_version: clear.run_on_latest_version.unwrap_or(false),
        also_run: Some(run.id),
    };
    select::clear(&app, &tis, how).await?;
    if let Some(note) = &clear.note {
        app.store.set_run_note(run.id, Some(note)).await?;
    }
    let extra = json!({"only_failed": clear.only_failed, "task_instances": tis.len()});
    app.record(Event::new("clear_dag_run", &who).run(&dag_id, &run_id).extra(extra)).await?;
    Ok(Json(DagRun::from(must_exist(&app, &dag_id, &run_id).await?)).into_response())
}
