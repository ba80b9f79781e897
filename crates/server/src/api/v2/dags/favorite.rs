//! Users' favourite DAGs.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::must_exist;
use crate::auth::Identity;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Makes a DAG a favourite of the user. One that is one already stays one.
pub async fn add(State(app): State<App>, who: Identity, Path(dag_id): Path<String>) -> ApiResult<StatusCode> {
    must_exist(&app, &dag_id).await?;
    app.store.add_favorite(&dag_id, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes it none any more.
pub async fn remove(State(app): State<App>, who: Identity, Path(dag_id): Path<String>) -> ApiResult<StatusCode> {
    must_exist(&app, &dag_id).await?;
    if !app.store.remove_favorite(&dag_id, &who.name).await? {
        return Err(ApiError::conflict(format!("DAG '{dag_id}' is no favourite of yours")));
    }
    Ok(StatusCode::NO_CONTENT)
}
