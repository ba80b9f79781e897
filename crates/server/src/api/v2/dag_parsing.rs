//! `PUT /api/v2/parseDagFile/{file_token}`: have a file parsed again, changed or not.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_store::Visible;

use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.put("/api/v2/parseDagFile/{file_token}", handle)
}

/// What a `file_token` of a DAG says.
#[derive(Deserialize)]
struct Named {
    bundle_name: String,
    relative_fileloc: String,
}

async fn handle(
    State(app): State<App>,
    who: Identity,
    Path(token): Path<String>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let unknown = || ApiError::not_found("no DAG file has this token");
    let Named { bundle_name, relative_fileloc } = read(&token).ok_or_else(unknown)?;
    // Code of a file runs when it is parsed: that is a matter of all its DAGs.
    let (dags, may) = (app.store.dags_of_file(&bundle_name, &relative_fileloc).await?, Visible::here());
    if may != Visible::All {
        if !dags.iter().any(|dag_id| may.has(dag_id)) {
            return Err(unknown());
        }
        if let Some(other) = dags.iter().find(|dag_id| !may.has(dag_id)) {
            return Err(ApiError::forbidden(format!("the file has a DAG that you may not edit: {other}")));
        }
    }
    // The dag-processor parses what it knows only, so a made-up token leads to no other file.
    if !app.store.request_parse(&bundle_name, &relative_fileloc).await? {
        return Err(unknown());
    }
    let extra = json!({"bundle_name": bundle_name, "relative_fileloc": relative_fileloc});
    app.record(Event::new("reparse_dag_file", &who).extra(extra)).await?;
    Ok((StatusCode::CREATED, Json(Value::Null)))
}

fn read(token: &str) -> Option<Named> {
    let digits = token.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    serde_json::from_slice(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v2::dags::file_token;

    #[test]
    fn tokens_are_read_back() {
        let named = read(&file_token("dags-folder", "ä/b.py")).unwrap();
        assert_eq!((named.bundle_name.as_str(), named.relative_fileloc.as_str()), ("dags-folder", "ä/b.py"));
        for wrong in ["", "7", "zz", "ff", "..", "7b7d"] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
