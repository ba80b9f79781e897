//! `GET /api/v2/config`: the effective configuration, if `[api] expose_config` lets it be read.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::config::{ExposeConfig, ShownOption};
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Stands for a secret.
const HIDDEN: &str = "< hidden >";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/config", all).get("/api/v2/config/section/{section}/option/{option}", one)
}

async fn all(State(app): State<App>, params: Params, headers: HeaderMap) -> ApiResult<Response> {
    exposed(&app)?;
    let section = params.text("section");
    let found: Vec<&ShownOption> =
        app.config.shown_config.iter().filter(|option| section.is_none_or(|name| name == option.section)).collect();
    if let Some(section) = section.filter(|_| found.is_empty()) {
        return Err(ApiError::not_found(format!("the configuration has no section '{section}'")));
    }
    Ok(answer(&app, &found, &headers))
}

async fn one(
    State(app): State<App>,
    Path((section, option)): Path<(String, String)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    exposed(&app)?;
    let found = app.config.shown_config.iter().find(|known| known.section == section && known.option == option);
    let found =
        found.ok_or_else(|| ApiError::not_found(format!("the configuration has no option [{section}] {option}")))?;
    Ok(answer(&app, &[found], &headers))
}

fn exposed(app: &App) -> ApiResult<()> {
    match app.config.expose_config {
        ExposeConfig::No => {
            Err(ApiError::forbidden("the configuration can't be read by REST ([api] expose_config is off)"))
        }
        ExposeConfig::NonSensitive | ExposeConfig::Full => Ok(()),
    }
}

fn answer(app: &App, options: &[&ShownOption], headers: &HeaderMap) -> Response {
    let value = |option: &ShownOption| match option.secret && app.config.expose_config != ExposeConfig::Full {
        true => HIDDEN.to_owned(),
        false => option.value.clone(),
    };
    let sections = options.chunk_by(|a, b| a.section == b.section);
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    if accept.contains("text/plain") && !accept.contains("json") {
        let text: Vec<String> = sections
            .map(|of| {
                let lines: String = of.iter().map(|o| format!("{} = {}\n", o.option, value(o))).collect();
                format!("[{}]\n{lines}", of[0].section)
            })
            .collect();
        return text.join("\n").into_response();
    }
    let sections: Vec<Value> = sections
        .map(|of| {
            let options: Vec<Value> = of.iter().map(|o| json!({"key": o.option, "value": value(o)})).collect();
            json!({"name": of[0].section, "options": options})
        })
        .collect();
    Json(json!({"sections": sections})).into_response()
}
