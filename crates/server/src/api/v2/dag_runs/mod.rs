//! DAG runs: list, look, trigger, mark, clear, delete, wait.

mod clear;
mod delete;
mod get;
mod list;
mod partitions;
mod patch;
mod shape;
mod trigger;
mod wait;

use tradewind_store::read::RunView;

pub use list::Bounds;
pub use shape::DagRun;
pub use trigger::{Trigger, trigger};

use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/dags/{dag_id}/dagRuns", list::handle)
        .post("/api/v2/dags/{dag_id}/dagRuns", trigger::handle)
        .patch("/api/v2/dags/{dag_id}/dagRuns", patch::bulk)
        .post("/api/v2/dags/{dag_id}/dagRuns/list", list::batch)
        .get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", get::handle)
        .patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", patch::one)
        .delete("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", delete::handle)
        .post("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear", clear::handle)
        .post("/api/v2/dags/{dag_id}/clearDagRuns", clear::many)
        .post("/api/v2/dags/{dag_id}/clearPartitions", partitions::handle)
        .get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait", wait::handle)
}

/// The run's row.
///
/// # Errors
/// 404 if there is none.
pub async fn must_exist(app: &App, dag_id: &str, run_id: &str) -> ApiResult<RunView> {
    let run = app.store.find_run(dag_id, run_id).await?;
    run.ok_or_else(|| ApiError::not_found(format!("DAG '{dag_id}' has no run '{run_id}'")))
}
