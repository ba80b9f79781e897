//! `GET /api/v2/auth/login` and `…/logout`: browsers that followed a link of Airflow's end up where they log in here.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde_json::{Value, json};

use crate::auth::guard::{Via, same_site};
use crate::auth::login::leave;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/auth/login", login).get("/api/v2/auth/logout", logout)
}

async fn login(params: Params) -> ApiResult<impl IntoResponse> {
    let target = match params.text("next").filter(|next| !next.is_empty()) {
        None => "/login".to_owned(),
        Some(next) if is_own(next) => format!("/login?next={}", percent(next)),
        Some(_) => return Err(ApiError::bad_request("'next' should be a path of this server")),
    };
    Ok((StatusCode::TEMPORARY_REDIRECT, AppendHeaders([(header::LOCATION, target)]), there()))
}

/// For clients that don't follow.
fn there() -> Json<Value> {
    Json(json!({"detail": "this server's pages are where the header Location says"}))
}

/// A path of this server: other places are never redirected to.
fn is_own(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/\\")
        && next.chars().all(|c| !c.is_control() && c != '\\')
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

async fn logout(State(app): State<App>, headers: HeaderMap) -> ApiResult<impl IntoResponse> {
    same_site(&headers, Via::Nothing)?;
    let gone = leave(&app, &headers).await?;
    let target = axum::http::HeaderValue::from_static("/login");
    let headers = AppendHeaders([(header::LOCATION, target), (header::SET_COOKIE, gone)]);
    Ok((StatusCode::TEMPORARY_REDIRECT, headers, there()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_come_next() {
        assert!(is_own("/dags/a?tab=1") && is_own("/"));
        for foreign in ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb", "javascript:x"] {
            assert!(!is_own(foreign), "{foreign}");
        }
        assert_eq!(percent("/a b?x=1&y"), "/a%20b%3Fx%3D1%26y");
    }
}
