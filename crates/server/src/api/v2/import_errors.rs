//! What is wrong with DAG files.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::read::{IMPORT_ERROR_COLUMNS, ImportErrorFilter, ImportErrorView};

use super::paging;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/importErrors", list).get("/api/v2/importErrors/{import_error_id}", get)
}

/// An import error as clients see it.
#[derive(Serialize)]
struct ImportError {
    import_error_id: i64,
    timestamp: Timestamp,
    /// Relative to the bundle.
    filename: String,
    bundle_name: Option<String>,
    stack_trace: String,
    /// Ours: one line.
    message: String,
    /// Ours: line of the file.
    line: Option<i32>,
}

impl From<ImportErrorView> for ImportError {
    fn from(error: ImportErrorView) -> Self {
        let stack_trace = if error.traceback.is_empty() { error.message.clone() } else { error.traceback };
        Self {
            import_error_id: error.id,
            timestamp: error.at,
            filename: error.relative_fileloc,
            bundle_name: Some(error.bundle_name),
            stack_trace,
            message: error.message,
            line: error.line,
        }
    }
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let by = ImportErrorFilter {
        filename: params.text("filename").map(ToOwned::to_owned),
        filename_match: paging::matching(&params, "filename"),
        bundle_name: params.text("bundle_name").map(ToOwned::to_owned),
    };
    let order = paging::order(&params, IMPORT_ERROR_COLUMNS, &["id"])?;
    let found = app.store.list_import_errors(&by, &order, paging::page(&app, &params)?).await?;
    let errors: Vec<ImportError> = found.rows.into_iter().map(ImportError::from).collect();
    Ok(Json(json!({"import_errors": errors, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path(id): Path<i64>) -> ApiResult<Json<ImportError>> {
    let found = app.store.find_import_error(id).await?;
    found.map(|error| Json(error.into())).ok_or_else(|| ApiError::not_found(format!("there is no import error {id}")))
}
