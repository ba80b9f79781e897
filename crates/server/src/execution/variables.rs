//! `/variables`: read, list, write, forget.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_protocol::TaskCall;
use tradewind_store::read::{Match, OrderBy, Page, VARIABLE_COLUMNS};

use super::asking::Asking;
use super::version::Version;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::routes::Routes;
use crate::state::App;

const ONE: &str = "/execution/variables/{*variable_key}";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/execution/variables/keys", keys).get(ONE, get).put(ONE, put).delete(ONE, delete)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    val: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

async fn keys(State(app): State<App>, asking: Asking, version: Version, params: Params) -> ApiResult<Json<Value>> {
    if version.is_before("2026-06-30") {
        return one(&app, &asking, "keys".to_owned()).await;
    }
    let bounded = |name: &str, default: i64, least: i64, most: i64| match params.int(name)? {
        Some(n) if n < least || n > most => {
            Err(ApiError::invalid("value_error", &["query", name], format!("it should be from {least} to {most}")))
        }
        n => Ok(n.unwrap_or(default)),
    };
    let page = Page { limit: bounded("limit", 1000, 1, 10_000)?, offset: bounded("offset", 0, 0, i64::MAX)? };
    let order = OrderBy::parse(VARIABLE_COLUMNS, &["key"]).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let prefix = Match { pattern: None, prefix: params.text("prefix").map(ToOwned::to_owned) };
    let found = app.store.list_variable_keys(&prefix, &order, page).await?;
    Ok(Json(json!({"keys": found.rows, "total_entries": found.total})))
}

async fn get(State(app): State<App>, asking: Asking, Path(key): Path<String>) -> ApiResult<Json<Value>> {
    one(&app, &asking, key).await
}

async fn one(app: &App, asking: &Asking, key: String) -> ApiResult<Json<Value>> {
    let value = asking.ask(app, TaskCall::VariableGet { key: key.clone() }).await?;
    Ok(Json(json!({"key": key, "value": value})))
}

async fn put(
    State(app): State<App>,
    asking: Asking,
    Path(key): Path<String>,
    Body(given): Body<Given>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    // Airflow stores Python's text of what it is given.
    let value = given.val.unwrap_or_else(|| "None".to_owned());
    asking.ask(&app, TaskCall::VariableSet { key, value, description: given.description }).await?;
    Ok((StatusCode::CREATED, Json(json!({"message": "Variable successfully set"}))))
}

async fn delete(State(app): State<App>, asking: Asking, Path(key): Path<String>) -> ApiResult<StatusCode> {
    asking.ask(&app, TaskCall::VariableDelete { key }).await?;
    Ok(StatusCode::NO_CONTENT)
}
