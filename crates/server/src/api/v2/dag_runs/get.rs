//! `GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}`.

use axum::Json;
use axum::extract::{Path, State};

use super::{DagRun, must_exist};
use crate::http::error::ApiResult;
use crate::state::App;

/// Answers the run.
pub async fn handle(State(app): State<App>, Path((dag_id, run_id)): Path<(String, String)>) -> ApiResult<Json<DagRun>> {
    Ok(Json(must_exist(&app, &dag_id, &run_id).await?.into()))
}
