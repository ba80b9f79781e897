//! Versions of DAGs and the source that they came from.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::read::{RunView, TiView, TryView, VERSION_COLUMNS, VersionFilter, VersionView};
use uuid::Uuid;

use super::{dags, paging};
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/dags/{dag_id}/dagVersions", list)
        .get("/api/v2/dags/{dag_id}/dagVersions/{version_number}", get)
        .get("/api/v2/dagSources/{dag_id}", source)
}

/// A version as clients see it.
#[derive(Serialize)]
pub struct DagVersion {
    id: Uuid,
    version_number: i32,
    dag_id: String,
    bundle_name: Option<String>,
    bundle_version: Option<String>,
    created_at: Timestamp,
    dag_display_name: String,
    bundle_url: Option<String>,
}

/// The UUID under which clients know a version: version 8 (ours to define) with the database's number in it.
fn version_uuid(id: i64) -> Uuid {
    let mut bytes = *b"dag-vers\0\0\0\0\0\0\0\0";
    bytes[8..].copy_from_slice(&id.to_be_bytes());
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl From<VersionView> for DagVersion {
    fn from(v: VersionView) -> Self {
        Self {
            id: version_uuid(v.id),
            version_number: v.version_number,
            dag_id: v.dag_id,
            bundle_name: Some(v.bundle_name),
            bundle_version: v.bundle_version,
            created_at: v.created_at,
            dag_display_name: v.dag_display_name,
            bundle_url: None,
        }
    }
}

/// Reads the version columns that runs, task instances and tries carry with them.
macro_rules! carried {
    ($view:ident, $dag_id:expr, $name:expr) => {
        Some(DagVersion {
            id: version_uuid($view.dag_version_id?),
            version_number: $view.version_number?,
            dag_id: $dag_id.to_owned(),
            bundle_name: $view.version_bundle.clone(),
            bundle_version: $view.bundle_version.clone(),
            created_at: $view.version_created_at?,
            dag_display_name: $name.to_owned(),
            bundle_url: None,
        })
    };
}

impl DagVersion {
    /// Of a run.
    pub fn of_run(run: &RunView) -> Option<Self> {
        carried!(run, run.dag_id, run.dag_display_name)
    }

    /// Of a task instance.
    pub fn of_ti(ti: &TiView) -> Option<Self> {
        carried!(ti, ti.dag_id, ti.dag_display_name)
    }

    /// Of a try of a task instance.
    pub fn of_try(ti: &TiView, one: &TryView) -> Option<Self> {
        carried!(one, ti.dag_id, ti.dag_display_name)
    }
}

async fn list(State(app): State<App>, Path(dag_id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let dag_id = (dag_id != "~").then_some(dag_id);
    if let Some(dag_id) = &dag_id {
        dags::must_exist(&app, dag_id).await?;
    }
    let text = |name: &str| params.text(name).map(ToOwned::to_owned);
    let by = VersionFilter {
        dag_id,
        version_number: params.int("version_number")?,
        bundle_name: text("bundle_name"),
        bundle_version: text("bundle_version"),
    };
    let order = paging::order(&params, VERSION_COLUMNS, &["id"])?;
    let found = app.store.list_versions(&by, &order, paging::page(&app, &params)?).await?;
    let versions: Vec<DagVersion> = found.rows.into_iter().map(DagVersion::from).collect();
    Ok(Json(json!({"dag_versions": versions, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path((dag_id, number)): Path<(String, i64)>) -> ApiResult<Json<DagVersion>> {
    let version = app.store.find_version(&dag_id, Some(number)).await?;
    let version = version.ok_or_else(|| ApiError::not_found(format!("DAG '{dag_id}' has no version {number}")))?;
    Ok(Json(version.into()))
}

async fn source(
    State(app): State<App>,
    Path(dag_id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let number = params.int("version_number")?;
    let Some(version) = app.store.find_version(&dag_id, number).await? else {
        return Err(ApiError::not_found(match number {
            Some(number) => format!("DAG '{dag_id}' has no version {number}"),
            None => format!("there is no DAG '{dag_id}'"),
        }));
    };
    let content = app.store.version_source(version.id).await?;
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    if accept.contains("text/plain") && !accept.contains("json") {
        return Ok(content.unwrap_or_default().into_response());
    }
    let answer = json!({
        "content": content,
        "dag_id": dag_id,
        "version_number": version.version_number,
        "dag_display_name": version.dag_display_name,
    });
    Ok(Json(answer).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_uuid_of_its_own() {
        let ids: std::collections::BTreeSet<Uuid> = (0..1000).map(|n| version_uuid(n << 20)).collect();
        assert_eq!(ids.len(), 1000);
        assert_eq!(version_uuid(1).get_version_num(), 8);
    }
}
