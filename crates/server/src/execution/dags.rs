//! `/dags`: what is known of a DAG.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::asking::Asking;
use super::failure::not_found;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/execution/dags/{dag_id}", get)
}

async fn get(State(app): State<App>, _: Asking, Path(dag_id): Path<String>) -> ApiResult<Json<Value>> {
    let missing = || not_found(format!("The Dag with dag_id: `{dag_id}` was not found"));
    let dag = app.store.find_dag(&dag_id).await?.ok_or_else(missing)?;
    let mut tags = app.store.tags_of(std::slice::from_ref(&dag_id)).await?.remove(&dag_id).unwrap_or_default();
    tags.sort();
    let bundle_version = match dag.latest_version_id {
        Some(version) => app.store.dag_version(version).await?.and_then(|version| version.bundle_version),
        None => None,
    };
    Ok(Json(json!({
        "dag_id": dag.dag_id, "is_paused": dag.is_paused, "bundle_name": dag.bundle_name,
        "bundle_version": bundle_version, "relative_fileloc": dag.relative_fileloc, "owners": dag.owners,
        "tags": tags, "next_dagrun": dag.next_logical_date,
    })))
}
