//! Sessions of the web interface: a token in a cookie that scripts can't read.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde_json::{Value, json};

use crate::auth::guard::{COOKIE, CSRF_HEADER};
use crate::auth::login::{Login, authenticate};
use crate::auth::{Identity, Scope};
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Logs in: a user name and password for a cookie.
pub async fn login(
    State(app): State<App>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> ApiResult<impl IntoResponse> {
    own_page(&headers)?;
    let who = authenticate(&app, login).await?;
    let lasts = app.config.jwt_expiration;
    let token = app.tokens.mint(Scope::User, &who.name, lasts);
    let cookie = cookie(&app, &token, lasts.as_secs())?;
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Json(json!({"username": who.name, "role": who.roles.join(", ")})),
    ))
}

/// Logs out: takes the cookie back.
pub async fn logout(State(app): State<App>, headers: HeaderMap) -> ApiResult<impl IntoResponse> {
    own_page(&headers)?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie(&app, "", 0)?)])))
}

/// Who is logged in, and what the pages should know of this server.
pub async fn me(State(app): State<App>, who: Identity) -> Json<Value> {
    Json(json!({
        "username": who.name,
        "role": who.roles.join(", "),
        "instance_name": app.config.instance_name,
        "version": env!("CARGO_PKG_VERSION"),
        "all_admins": app.config.all_admins,
    }))
}

/// Other sites' pages can't log anybody in or out either.
fn own_page(headers: &HeaderMap) -> ApiResult<()> {
    if headers.contains_key(CSRF_HEADER) {
        return Ok(());
    }
    Err(ApiError::forbidden("the header X-Tradewind-Request is missing"))
}

fn cookie(app: &App, token: &str, seconds: u64) -> ApiResult<HeaderValue> {
    let secure = if app.config.base_url.starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::bad_request("the session can't be made into a cookie"))
}
