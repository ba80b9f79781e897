//! `POST /auth/token` and its siblings: a user name and password for a token.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

use super::guard::{Via, same_site};
use super::jwt::Scope;
use super::{ANONYMOUS, Identity};
use crate::clock::now;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.post("/auth/token", create).get("/auth/token", create_for_all).post("/auth/token/cli", create_for_cli)
}

/// A user name and password.
#[derive(Deserialize)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

async fn create(State(app): State<App>, Body(login): Body<Login>) -> ApiResult<impl IntoResponse> {
    token_for(&app, login, app.config.jwt_expiration).await
}

async fn create_for_cli(State(app): State<App>, Body(login): Body<Login>) -> ApiResult<impl IntoResponse> {
    token_for(&app, login, app.config.jwt_cli_expiration).await
}

async fn create_for_all(State(app): State<App>, headers: HeaderMap) -> ApiResult<impl IntoResponse> {
    if !app.config.all_admins {
        return Err(ApiError::forbidden(
            "this server wants a user name and password: POST them to /auth/token \
             (tokens for everybody need [core] simple_auth_manager_all_admins)",
        ));
    }
    same_site(&headers, Via::AllAdmins)?;
    let token = app.tokens.mint(Scope::User, ANONYMOUS, app.config.jwt_expiration);
    Ok((StatusCode::CREATED, Json(json!({"access_token": token}))))
}

async fn token_for(app: &App, login: Login, lasts: Duration) -> ApiResult<impl IntoResponse + use<>> {
    let who = authenticate(app, login).await?;
    let token = app.tokens.mint(Scope::User, &who.name, lasts);
    Ok((StatusCode::CREATED, Json(json!({"access_token": token}))))
}

/// Checks a user name and password.
///
/// # Errors
/// 401 if they don't fit, in the same words and time for unknown users.
pub async fn authenticate(app: &App, login: Login) -> ApiResult<Identity> {
    let user = app.store.find_user(&login.username).await?.filter(|user| user.active);
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let fits = app.passwords.check(login.password, hash).await;
    let (true, Some(user)) = (fits, user) else {
        return Err(ApiError::unauthorized("the user name or password is wrong"));
    };
    app.store.user_logged_in(&user.username, now()).await?;
    app.users.forget();
    let known = app.users.find(&app.store, &user.username).await?;
    let known = known.ok_or_else(|| ApiError::unauthorized("the user name or password is wrong"))?;
    Ok(Identity { name: user.username, roles: known.roles, rights: known.rights, via: Via::Header })
}
