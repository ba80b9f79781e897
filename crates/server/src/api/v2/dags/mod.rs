//! DAGs: list, look, pause, delete; their tasks.

mod delete;
mod favorite;
mod get;
mod list;
mod patch;
mod shape;
mod tasks;

use tradewind_protocol::SerializedDag;
use tradewind_store::read::DagView;

pub use shape::{Dag, file_token, iso_duration};

use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/dags", list::handle)
        .patch("/api/v2/dags", patch::many)
        .get("/api/v2/dags/{dag_id}", get::handle)
        .patch("/api/v2/dags/{dag_id}", patch::one)
        .delete("/api/v2/dags/{dag_id}", delete::handle)
        .get("/api/v2/dags/{dag_id}/details", get::details)
        .post("/api/v2/dags/{dag_id}/favorite", favorite::add)
        .post("/api/v2/dags/{dag_id}/unfavorite", favorite::remove)
        .get("/api/v2/dags/{dag_id}/tasks", tasks::list)
        .get("/api/v2/dags/{dag_id}/tasks/{task_id}", tasks::get)
}

/// The DAG's row.
///
/// # Errors
/// 404 if there is none.
pub async fn must_exist(app: &App, dag_id: &str) -> ApiResult<DagView> {
    app.store.find_dag(dag_id).await?.ok_or_else(|| ApiError::not_found(format!("there is no DAG '{dag_id}'")))
}

/// The structure of a version of a DAG; of its newest one for what does not say which it uses.
///
/// # Errors
/// 404 if the version is gone; 500 if it can't be read.
pub async fn structure(app: &App, dag_id: &str, version_id: Option<i64>) -> ApiResult<SerializedDag> {
    let version_id = match version_id {
        Some(id) => Some(id),
        None => app.store.find_version(dag_id, None).await?.map(|version| version.id),
    };
    let missing = || ApiError::not_found(format!("DAG '{dag_id}' has no version yet: its file has not been parsed"));
    let data = app.store.version_data(version_id.ok_or_else(missing)?).await?.ok_or_else(missing)?;
    serde_json::from_str(&data).map_err(|error| {
        tracing::error!(dag.id = dag_id, %error, "a serialized DAG can't be read");
        ApiError::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            format!("the stored form of DAG '{dag_id}' can't be read: {error}"),
        )
    })
}
