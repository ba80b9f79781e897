//! `GET /api/v2/version`.

use axum::Json;
use serde_json::{Value, json};

use crate::routes::Routes;

/// Version of the API that is spoken here, with our own as its local part (PEP 440), so that clients which compare
/// it with Airflow's releases get a right answer and people see who it is.
pub const API_VERSION: &str = concat!("3.3.2+tradewind.", env!("CARGO_PKG_VERSION"));

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/version", get)
}

async fn get() -> Json<Value> {
    Json(json!({"version": API_VERSION, "git_version": null}))
}
