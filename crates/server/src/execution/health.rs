//! `/health`: alive, and able to work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/execution/health", health).get("/execution/health/ping", ping)
}

async fn health() -> Json<Value> {
    Json(json!({"status": "healthy"}))
}

async fn ping(State(app): State<App>) -> (StatusCode, Json<Value>) {
    match app.store.newest_heartbeats().await {
        Ok(_) => (StatusCode::OK, Json(json!({"ok": ["database"], "failing": {}}))),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            let failing = json!({"database": "it does not answer as it should; see the api-server's log"});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"ok": [], "failing": failing})))
        }
    }
}
