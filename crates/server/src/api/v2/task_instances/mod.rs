//! Task instances: list, look, tries, logs, mark, clear.

mod bulk;
mod clear;
mod dependencies;
mod get;
mod group;
mod links;
mod list;
mod logs;
mod named;
mod patch;
mod shape;

use tradewind_store::read::TiView;

pub use get::map_index;
pub use list::{TaskInstances, shapes};
pub use shape::{TaskInstance, Try};

use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    const OF_RUN: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances";
    const ONE: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
    const MAPPED: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}";
    macro_rules! below {
        (run $tail:literal) => {
            concat!("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", $tail)
        };
        (one $tail:literal) => {
            concat!("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", $tail)
        };
        (mapped $tail:literal) => {
            concat!("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", $tail)
        };
    }
    routes
        .post("/api/v2/dags/{dag_id}/clearTaskInstances", clear::handle)
        .get(OF_RUN, list::handle)
        .patch(OF_RUN, bulk::handle)
        .patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}", group::handle)
        .patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}/dry_run", group::dry_run)
        .post(below!(run "/list"), list::batch)
        .get(ONE, get::unmapped)
        .patch(ONE, patch::one)
        .delete(ONE, links::delete)
        .get(below!(one "/links"), links::links)
        .get(below!(one "/externalLogUrl/{try_number}"), links::external_log)
        .patch(below!(one "/dry_run"), patch::dry_run)
        .get(below!(one "/listMapped"), list::mapped)
        .get(below!(one "/dependencies"), dependencies::unmapped)
        .get(below!(one "/tries"), get::tries)
        .get(below!(one "/tries/{try_number}"), get::one_try)
        .get(below!(one "/logs/{try_number}"), logs::handle)
        .get(MAPPED, get::mapped)
        .patch(MAPPED, patch::mapped)
        .patch(below!(mapped "/dry_run"), patch::mapped_dry_run)
        .get(below!(mapped "/dependencies"), dependencies::mapped)
        .get(below!(mapped "/tries"), get::mapped_tries)
        .get(below!(mapped "/tries/{try_number}"), get::mapped_try)
}

/// The task instance's row.
///
/// # Errors
/// 404 if there is none.
pub async fn must_exist(app: &App, dag_id: &str, run_id: &str, task_id: &str, map_index: i32) -> ApiResult<TiView> {
    let ti = app.store.find_ti(dag_id, run_id, task_id, map_index).await?;
    ti.ok_or_else(|| {
        let index = if map_index >= 0 { format!(" with map index {map_index}") } else { String::new() };
        ApiError::not_found(format!("run '{run_id}' of DAG '{dag_id}' has no task instance '{task_id}'{index}"))
    })
}
