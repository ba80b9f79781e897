//! `GET /api/v2/dagWarnings`: what may be a mistake in DAGs that run all the same.
//!
//! Pools that do not exist are a reason to wait here, which `tasks why` names, and values that vary from parse to parse
//! make no new versions: Airflow warns of both.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tradewind_store::read::AssetConflict;

use super::paging;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

const KINDS: [&str; 3] = ["asset conflict", "non-existent pool", "runtime varying value"];

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/dagWarnings", list)
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let page = paging::page(&app, &params)?;
    let kind = params.text("warning_type");
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        let msg = format!("it should be one of {}", KINDS.join(", "));
        return Err(ApiError::invalid("enum", &["query", "warning_type"], msg));
    }
    let mut found = match kind {
        None | Some("asset conflict") => app.store.asset_conflicts(params.text("dag_id")).await?,
        Some(_) => Vec::new(),
    };
    if params.list("order_by").first().is_some_and(|by| by.starts_with('-')) {
        found.reverse();
    }
    let from = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let most = usize::try_from(page.limit).unwrap_or_default();
    let shown: Vec<Value> = found.iter().skip(from).take(most).map(shape).collect();
    Ok(Json(json!({"dag_warnings": shown, "total_entries": found.len()})))
}

fn shape(conflict: &AssetConflict) -> Value {
    let AssetConflict { name, uri, other_name, other_uri, .. } = conflict;
    let what = if name == other_name {
        format!("asset '{name}' has the URI '{uri}' here and '{other_uri}' elsewhere")
    } else {
        format!("the asset with the URI '{uri}' is called '{name}' here and '{other_name}' elsewhere")
    };
    json!({
        "dag_id": conflict.dag_id,
        "dag_display_name": conflict.dag_display_name,
        "warning_type": "asset conflict",
        "message": format!("{what}: these are two assets, and what updates one does not update the other"),
        "timestamp": conflict.since,
    })
}
