//! Plugins and providers of the Python environment that parses the DAG files: its dag-processor is asked.

use std::sync::Mutex;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::paging;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// So long a dag-processor has for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// An answer is good for so long: environments change rarely, and asking costs a process.
const FRESH: Duration = Duration::from_secs(10);

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/plugins", plugins)
        .get("/api/v2/plugins/importErrors", import_errors)
        .get("/api/v2/providers", providers)
}

/// The answers that came last.
#[derive(Default)]
pub struct Environment(Mutex<Vec<(&'static str, Instant, Value)>>);

impl Environment {
    async fn ask(&self, app: &App, kind: &'static str) -> ApiResult<Value> {
        let known = |(name, at, _): &&(&str, Instant, Value)| *name == kind && at.elapsed() < FRESH;
        if let Some((_, _, answer)) = self.lock().iter().find(known) {
            return Ok(answer.clone());
        }
        let told = app.store.ask_python(kind, &json!({}), PATIENCE).await?;
        let answer = told.map_err(|why| ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, why))?;
        let mut known = self.lock();
        known.retain(|(name, ..)| *name != kind);
        known.push((kind, Instant::now(), answer.clone()));
        Ok(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(&'static str, Instant, Value)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn plugins(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let told = app.environment.ask(&app, "plugins").await?;
    page(&app, &params, "plugins", &told["plugins"])
}

async fn import_errors(State(app): State<App>) -> ApiResult<Json<Value>> {
    let told = app.environment.ask(&app, "plugins").await?;
    let errors = told["import_errors"].as_array().map_or(0, Vec::len);
    Ok(Json(json!({"import_errors": told["import_errors"], "total_entries": errors})))
}

async fn providers(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let told = app.environment.ask(&app, "providers").await?;
    page(&app, &params, "providers", &told)
}

fn page(app: &App, params: &Params, name: &str, all: &Value) -> ApiResult<Json<Value>> {
    let page = paging::page(app, params)?;
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let from = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let most = usize::try_from(page.limit).unwrap_or_default();
    let shown: Vec<&Value> = all.iter().skip(from).take(most).collect();
    Ok(Json(json!({name: shown, "total_entries": all.len()})))
}
