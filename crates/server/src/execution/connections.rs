//! `/connections`: a connection with its secrets.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_protocol::TaskCall;

use super::asking::Asking;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/execution/connections/{connection_id}", get)
}

async fn get(State(app): State<App>, asking: Asking, Path(conn_id): Path<String>) -> ApiResult<Json<Value>> {
    let c = asking.ask(&app, TaskCall::ConnectionGet { conn_id }).await?;
    Ok(Json(json!({
        "conn_id": c["conn_id"], "conn_type": c["conn_type"], "host": c["host"], "schema": c["schema"],
        "login": c["login"], "password": c["password"], "port": c["port"], "extra": c["extra"],
    })))
}
