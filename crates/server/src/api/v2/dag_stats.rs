//! `GET /api/v2/dagStats`: numbers of runs by DAG and state; `GET /api/v2/dagTags`: tags in use.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tradewind_core::RunState;
use tradewind_store::read::TAG_COLUMNS;

use super::paging;
use crate::http::Params;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/dagStats", stats).get("/api/v2/dagTags", tags)
}

async fn stats(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let counts = app.store.run_counts(&params.list("dag_ids")).await?;
    let mut dags: Vec<Value> = Vec::new();
    for of_dag in counts.chunk_by(|a, b| a.0 == b.0) {
        let count = |state: RunState| of_dag.iter().find(|row| row.2 == state).map_or(0, |row| row.3);
        let stats: Vec<Value> =
            RunState::ALL.iter().map(|&state| json!({"state": state, "count": count(state)})).collect();
        dags.push(json!({"dag_id": of_dag[0].0, "dag_display_name": of_dag[0].1, "stats": stats}));
    }
    Ok(Json(json!({"total_entries": dags.len(), "dags": dags})))
}

async fn tags(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let order = paging::order(&params, TAG_COLUMNS, &["name"])?;
    let found =
        app.store.list_tags(&paging::matching(&params, "tag_name"), &order, paging::page(&app, &params)?).await?;
    Ok(Json(json!({"tags": found.rows, "total_entries": found.total})))
}
