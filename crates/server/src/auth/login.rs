//! `POST /auth/token` and its siblings: a user name and password for a token; and taking tokens back.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use tradewind_core::Timestamp;

use super::ANONYMOUS;
use super::external::arrive;
use super::guard::{COOKIE, From, Via, bearer, cookie, same_site};
use super::jwt::Scope;
use super::ldap::LdapLoginError;
use super::password::is_hash;
use crate::clock::now;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;
use crate::ui::session;

/// In the same words for a wrong name and a wrong password.
const WRONG: &str = "the user name or password is wrong";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/auth/token", create)
        .get("/auth/token", create_for_all)
        .post("/auth/token/cli", create_for_cli)
        .get("/auth/token/login", enter_for_all)
        .get("/auth/logout", logout)
}

/// A user name and password.
#[derive(Deserialize)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

async fn create(State(app): State<App>, from: From, Body(login): Body<Login>) -> ApiResult<Response> {
    let lasts = app.config.jwt_expiration;
    token_for(&app, login, from, lasts).await
}

async fn create_for_cli(State(app): State<App>, from: From, Body(login): Body<Login>) -> ApiResult<Response> {
    let lasts = app.config.jwt_cli_expiration;
    token_for(&app, login, from, lasts).await
}

fn only_for_all(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    if !app.config.all_admins {
        return Err(ApiError::forbidden(
            "this server wants a user name and password: POST them to /auth/token \
             (tokens for everybody need [core] simple_auth_manager_all_admins)",
        ));
    }
    same_site(headers, Via::Nothing)
}

async fn create_for_all(State(app): State<App>, headers: HeaderMap) -> ApiResult<impl IntoResponse> {
    only_for_all(&app, &headers)?;
    let token = app.tokens.mint(Scope::User, ANONYMOUS, app.config.jwt_expiration);
    Ok((StatusCode::CREATED, Json(json!({"access_token": token}))))
}

async fn enter_for_all(State(app): State<App>, headers: HeaderMap) -> ApiResult<Response> {
    only_for_all(&app, &headers)?;
    let cookie = session::begin(&app, &headers, ANONYMOUS).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::temporary(&home(&app, "/"))).into_response())
}

async fn token_for(app: &App, login: Login, from: From, lasts: Duration) -> ApiResult<Response> {
    let username = match authenticate(app, login, from.0).await {
        Ok(username) => username,
        Err(refused) => return Ok(refused),
    };
    let token = app.tokens.mint(Scope::User, &username, lasts);
    Ok((StatusCode::CREATED, Json(json!({"access_token": token}))).into_response())
}

/// `GET /auth/logout`: takes the token of the request back, and the cookie.
async fn logout(State(app): State<App>, headers: HeaderMap) -> ApiResult<Response> {
    if bearer(&headers).is_none() {
        // A picture on another site's page would log people out otherwise.
        same_site(&headers, Via::Nothing)?;
    }
    let gone = leave(&app, &headers).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, gone)]), Redirect::temporary(&home(&app, "/login"))).into_response())
}

fn home(app: &App, path: &str) -> String {
    // The browser knows the host better than the configuration; only a path before ours is the configuration's.
    let base = app.config.base_url.split_once("://").map_or("", |(_, rest)| rest);
    let prefix = base.find('/').map_or("", |at| base[at..].trim_end_matches('/'));
    format!("{prefix}{path}")
}

/// Takes back what the request proves its user with; answers the cookie that takes the cookie away.
///
/// # Errors
/// The database's.
pub async fn leave(app: &App, headers: &HeaderMap) -> ApiResult<HeaderValue> {
    for token in [bearer(headers), cookie(headers, COOKIE)].into_iter().flatten() {
        revoke(app, token).await?;
    }
    session::cookie(app, "", 0)
}

/// Takes a token back, if it is one.
///
/// # Errors
/// The database's.
pub async fn revoke(app: &App, token: &str) -> ApiResult<()> {
    let Ok(claims) = app.tokens.verify(token) else { return Ok(()) };
    if let (Scope::User, Some(jti)) = (claims.scope, claims.jti) {
        // Past its end by more than clocks may differ.
        let until = Timestamp::from_micros((claims.exp + 120).saturating_mul(1_000_000));
        app.revoked.revoke(&app.store, &jti, until).await?;
        app.record(Event::by("logout", &claims.sub)).await?;
    }
    Ok(())
}

/// Checks a user name and password; the name of the account. An answer to give instead, if they don't fit: 401 in the
/// same words and time for unknown users, 429 after too many from one address.
pub async fn authenticate(app: &App, login: Login, from: Option<IpAddr>) -> Result<String, Response> {
    let attempt = app.attempts.begin(from, Instant::now()).map_err(|wait| too_many(wait).into_response())?;
    match check(app, login, from).await {
        Ok(username) => {
            app.attempts.succeeded(&attempt);
            Ok(username)
        }
        Err(error) => {
            if error.status != StatusCode::UNAUTHORIZED {
                app.attempts.succeeded(&attempt);
            }
            Err(error.into_response())
        }
    }
}

fn too_many(wait: Duration) -> impl IntoResponse {
    let seconds = wait.as_secs() + 1;
    let detail = format!("too many wrong passwords: try again in {seconds} seconds");
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], Json(json!({"detail": detail})))
}

async fn check(app: &App, login: Login, from: Option<IpAddr>) -> ApiResult<String> {
    let user = app.store.find_user(&login.username).await?.filter(|user| user.active);
    // Whose password is somebody else's to check has none here.
    let hash = user.as_ref().map(|user| user.password_hash.clone()).filter(|hash| is_hash(hash));
    if let (None, Some(ldap)) = (&hash, &app.config.auth.ldap) {
        match ldap.login(&login.username, &login.password).await {
            Ok(person) => {
                let username = arrive(app, "ldap", &ldap.mapping, person).await?;
                came_in(app, &username, "ldap", from).await?;
                return Ok(username);
            }
            Err(LdapLoginError::Wrong) => return refused(app, &login.username, from).await,
            Err(error) => {
                tracing::error!(%error, server = ldap.server, "the directory can't check a password");
                return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the directory can't be asked now"));
            }
        }
    }
    let fits = app.passwords.check(login.password.clone(), hash).await;
    let (true, Some(user)) = (fits, user) else { return refused(app, &login.username, from).await };
    if let Some(renewed) = app.passwords.renewed(login.password, &user.password_hash).await {
        app.store.renew_password_hash(&user.username, &user.password_hash, &renewed).await?;
    }
    came_in(app, &user.username, "password", from).await?;
    Ok(user.username)
}

async fn refused(app: &App, username: &str, from: Option<IpAddr>) -> ApiResult<String> {
    app.store.user_failed_to_log_in(username).await?;
    // What was typed may be a password in the wrong field: only names that there are get into the log.
    let known = app.store.find_user(username).await?.is_some();
    let event = Event::by("login_failed", if known { username } else { "" });
    app.record(event.from(from)).await?;
    Err(ApiError::unauthorized(WRONG))
}

/// Somebody has come in.
///
/// # Errors
/// The database's.
pub async fn came_in(app: &App, username: &str, by: &str, from: Option<IpAddr>) -> ApiResult<()> {
    app.store.user_logged_in(username, now()).await?;
    app.record(Event::by("login", username).extra(json!({"by": by})).from(from)).await
}
