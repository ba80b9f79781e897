//! `GET …/dependencies`: why a task instance does not run, in the words of the planner that decides.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_core::TaskState;
use tradewind_store::read::TiView;

use super::{get, must_exist};
use crate::http::Params;
use crate::http::error::ApiResult;
use crate::state::App;
use crate::why;

/// Answers for a task instance that is not mapped, or the one that `?map_index=` names.
pub async fn unmapped(
    State(app): State<App>,
    Path((dag_id, run_id, task_id)): Path<(String, String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, get::map_index(&params)?).await?;
    answer(&app, &ti).await
}

/// Answers for an instance of a mapped task.
pub async fn mapped(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index)): Path<(String, String, String, i32)>,
) -> ApiResult<Json<Value>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, map_index).await?;
    answer(&app, &ti).await
}

async fn answer(app: &App, ti: &TiView) -> ApiResult<Json<Value>> {
    // As in Airflow, something that is over depends on nothing any more.
    let over = ti.state.is_some_and(TaskState::is_finished);
    let reasons = if over { Vec::new() } else { app.asker().why(ti).await?.reasons };
    let dependencies: Vec<Value> =
        reasons.iter().map(|reason| json!({"name": why::title(reason), "reason": reason.to_string()})).collect();
    Ok(Json(json!({"dependencies": dependencies})))
}
