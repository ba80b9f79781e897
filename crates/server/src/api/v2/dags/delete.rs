//! `DELETE /api/v2/dags/{dag_id}`: forgets a DAG and everything that it did. A DAG whose file is still there comes
//! back with the next parse, without its past.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use super::must_exist;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Deletes the DAG.
pub async fn handle(State(app): State<App>, who: Identity, Path(dag_id): Path<String>) -> ApiResult<Json<Value>> {
    must_exist(&app, &dag_id).await?;
    let active = app.store.active_run_count(&dag_id).await?;
    if active > 0 {
        return Err(ApiError::conflict(format!("DAG '{dag_id}' has {active} queued or running runs; end them first")));
    }
    app.store.delete_dag(&dag_id).await?;
    app.record(Event::new("delete_dag", &who).dag(&dag_id)).await?;
    Ok(Json(Value::Null))
}
