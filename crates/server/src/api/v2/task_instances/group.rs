//! `PATCH …/taskGroupInstances/{group_id}`: marks all task instances of a task group, or changes their note.

use axum::Json;
use axum::extract::{Path, State};

use super::TaskInstances;
use super::patch::{Patch, Place, answer, change, masked, would_change};
use crate::api::v2::{dag_runs, dags};
use crate::auth::Identity;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::rerun::select::{self, TaskRef};
use crate::state::App;

type Names = (String, String, String);

/// Changes them.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path(names): Path<Names>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place(&app, names).await?;
    let patch = masked(patch, &params.list("update_mask"))?;
    answer(&app, change(&app, &who, &place, &patch).await?).await
}

/// Says which instances a change would be about.
pub async fn dry_run(
    State(app): State<App>,
    Path(names): Path<Names>,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place(&app, names).await?;
    let patch = masked(patch, &[])?;
    answer(&app, would_change(&app, &place, &patch).await?).await
}

async fn place(app: &App, (dag_id, run_id, group_id): Names) -> ApiResult<Place> {
    let run = dag_runs::must_exist(app, &dag_id, &run_id).await?;
    let dag = dags::structure(app, &dag_id, run.dag_version_id).await?;
    let tasks: Vec<TaskRef> = select::in_group(&dag, &group_id).into_iter().map(TaskRef::Task).collect();
    if tasks.is_empty() {
        return Err(ApiError::not_found(format!("DAG '{dag_id}' has no task group '{group_id}' with tasks in it")));
    }
    Ok(Place { dag_id, run_id, name: group_id, map_index: None, tasks })
}
