//! Sessions of the web interface: a token in a cookie that scripts can't read.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value, json};

use crate::auth::guard::{self, COOKIE, CSRF_HEADER, From};
use crate::auth::login::{Login, authenticate, leave, revoke};
use crate::auth::{ANONYMOUS, Identity, Scope};
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Logs in: a user name and password for a cookie.
pub async fn login(
    State(app): State<App>,
    from: From,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> ApiResult<Response> {
    own_page(&headers)?;
    let username = match authenticate(&app, login, from.0).await {
        Ok(username) => username,
        Err(refused) => return Ok(refused),
    };
    let cookie = begin(&app, &headers, &username).await?;
    let known = app.users.find(&app.store, &username).await?;
    let role = known.map(|known| known.roles.join(", ")).unwrap_or_default();
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(json!({"username": username, "role": role})))
        .into_response())
}

/// A fresh session: its cookie. One that the browser had before ends, so that nobody goes on in it.
///
/// # Errors
/// The database's.
pub async fn begin(app: &App, headers: &HeaderMap, username: &str) -> ApiResult<HeaderValue> {
    if let Some(old) = guard::cookie(headers, COOKIE) {
        revoke(app, old).await?;
    }
    let lasts = app.config.auth.session_lifetime;
    cookie(app, &app.tokens.mint(Scope::User, username, lasts), lasts.as_secs())
}

/// Logs out: takes the session back.
pub async fn logout(State(app): State<App>, headers: HeaderMap) -> ApiResult<impl IntoResponse> {
    own_page(&headers)?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, leave(&app, &headers).await?)])))
}

/// `GET /ui/logins`: the ways to log in, for the login page.
pub async fn ways(State(app): State<App>) -> Json<Value> {
    Json(json!({"password": true, "oidc": app.oidc.as_ref().map(|oidc| json!({"name": oidc.name()}))}))
}

/// Who is logged in, and what the pages should know of this server.
pub async fn me(State(app): State<App>, who: Identity) -> Json<Value> {
    Json(json!({
        "anonymous": who.name == ANONYMOUS,
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

/// The cookie of a session.
///
/// # Errors
/// A token that no cookie can hold: there is none.
pub fn cookie(app: &App, token: &str, seconds: u64) -> ApiResult<HeaderValue> {
    let secure = if app.secure_cookies() { "; Secure" } else { "" };
    let site = app.config.auth.cookie_samesite.as_str();
    let text = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}{secure}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::bad_request("the session can't be made into a cookie"))
}
