//! `DELETE /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use tradewind_core::RunState;

use super::must_exist;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Forgets a run that is not running.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let run = must_exist(&app, &dag_id, &run_id).await?;
    if run.state == RunState::Running {
        return Err(ApiError::conflict(format!("run '{run_id}' is running; mark it as success or failed first")));
    }
    app.store.delete_run(run.id).await?;
    app.record(Event::new("delete_dag_run", &who).run(&dag_id, &run_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
