//! Users: their roles, passwords and what happened to them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::{User, UserHistory};

use super::{mask, page};
use crate::auth::role::exists;
use crate::auth::{Identity, hash_password};
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

#[derive(Deserialize, Serialize)]
struct RoleName {
    name: String,
}

/// A user as clients see it.
#[derive(Serialize)]
pub struct UserView {
    username: String,
    email: String,
    first_name: String,
    last_name: String,
    roles: Vec<RoleName>,
    active: bool,
    last_login: Option<Timestamp>,
    login_count: i64,
    fail_login_count: i64,
    created_on: Timestamp,
    changed_on: Timestamp,
}

impl UserView {
    fn new(user: User, history: &UserHistory) -> Self {
        Self {
            username: user.username,
            email: user.email.unwrap_or_default(),
            first_name: user.first_name.unwrap_or_default(),
            last_name: user.last_name.unwrap_or_default(),
            roles: user.roles.into_iter().map(|name| RoleName { name }).collect(),
            active: user.active,
            last_login: history.last_login_at,
            login_count: history.login_count,
            fail_login_count: history.fail_login_count,
            created_on: history.created_at,
            changed_on: history.updated_at,
        }
    }
}

/// A new user.
#[derive(Deserialize)]
pub struct NewUser {
    username: String,
    email: String,
    first_name: String,
    last_name: String,
    roles: Option<Vec<RoleName>>,
    password: String,
}

/// Changes of a user.
#[derive(Deserialize)]
pub struct Changes {
    username: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    roles: Option<Vec<RoleName>>,
    password: Option<String>,
}

async fn find(app: &App, username: &str) -> ApiResult<User> {
    let user = app.store.find_user(username).await?;
    user.ok_or_else(|| ApiError::not_found(format!("there is no user '{username}'")))
}

async fn view(app: &App, username: &str) -> ApiResult<UserView> {
    let user = find(app, username).await?;
    let history = app.store.user_history(username).await?;
    let history = history.ok_or_else(|| ApiError::not_found(format!("there is no user '{username}'")))?;
    Ok(UserView::new(user, &history))
}

/// Names of roles that there are.
async fn known_roles(app: &App, roles: Vec<RoleName>) -> ApiResult<Vec<String>> {
    let mut names = Vec::with_capacity(roles.len());
    for RoleName { name } in roles {
        if !exists(&app.store, &name).await? {
            return Err(ApiError::bad_request(format!("there is no role '{name}'")));
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

async fn hashed(password: String) -> ApiResult<String> {
    if password.is_empty() {
        return Err(ApiError::bad_request("the password is empty"));
    }
    let hash = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    let failed = |error: String| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    hash.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

async fn address_is_free(app: &App, email: &str, of: &str) -> ApiResult<()> {
    let taken = !email.is_empty()
        && app.store.users().await?.iter().any(|user| user.username != of && user.email.as_deref() == Some(email));
    if taken {
        return Err(ApiError::conflict(format!("there is a user with the address '{email}' already")));
    }
    Ok(())
}

/// `GET …/users`
pub async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let users = app.store.users().await?;
    let histories = app.store.user_histories().await?;
    let mut both: Vec<(User, UserHistory)> = users
        .into_iter()
        .filter_map(|user| histories.iter().find(|h| h.username == user.username).map(|h| (user, h.clone())))
        .collect();
    let (name, descending) = match params.text("order_by").unwrap_or("id") {
        name if name.starts_with('-') => (&name[1..], true),
        name => (name, false),
    };
    match name {
        // Users have no numbers here; Airflow's follow the order in which they were made.
        "id" | "created_on" | "" => both.sort_by_key(|both| both.1.created_at),
        "username" => {}
        "email" => both.sort_by(|a, b| a.0.email.cmp(&b.0.email)),
        "first_name" => both.sort_by(|a, b| a.0.first_name.cmp(&b.0.first_name)),
        "last_name" => both.sort_by(|a, b| a.0.last_name.cmp(&b.0.last_name)),
        "active" | "is_active" => both.sort_by_key(|both| both.0.active),
        other => {
            let known = "id, username, email, first_name, last_name, active";
            return Err(ApiError::bad_request(format!("users can't be ordered by '{other}'; one of {known}")));
        }
    }
    if descending {
        both.reverse();
    }
    let total = both.len();
    let users: Vec<UserView> =
        page(&app, &params, both)?.into_iter().map(|(user, history)| UserView::new(user, &history)).collect();
    Ok(Json(json!({"users": users, "total_entries": total})))
}

/// `GET …/users/{username}`
pub async fn get(State(app): State<App>, Path(username): Path<String>) -> ApiResult<Json<UserView>> {
    view(&app, &username).await.map(Json)
}

/// `POST …/users`
pub async fn create(State(app): State<App>, who: Identity, Body(new): Body<NewUser>) -> ApiResult<Json<UserView>> {
    address_is_free(&app, &new.email, &new.username).await?;
    // As in FAB: who is given no role is a guest.
    let roles = new.roles.unwrap_or_else(|| vec![RoleName { name: "Public".into() }]);
    let user = User {
        roles: known_roles(&app, roles).await?,
        password_hash: hashed(new.password).await?,
        username: new.username,
        email: Some(new.email),
        first_name: Some(new.first_name),
        last_name: Some(new.last_name),
        active: true,
    };
    app.store.create_user(&user).await?;
    app.users.forget();
    app.record(Event::new("create_user", &who).extra(json!({"username": user.username, "roles": user.roles}))).await?;
    view(&app, &user.username).await.map(Json)
}

/// `PATCH …/users/{username}`
pub async fn patch(
    State(app): State<App>,
    Path(username): Path<String>,
    params: Params,
    who: Identity,
    Body(changes): Body<Changes>,
) -> ApiResult<Json<UserView>> {
    let fields = mask(&params, &["username", "email", "first_name", "last_name", "roles", "password"])?;
    let mut user = find(&app, &username).await?;
    let mut changed = Vec::new();
    let mut wants = |field: &'static str, given: bool| {
        let wanted = given && fields.contains(&field);
        if wanted {
            changed.push(field);
        }
        wanted
    };
    let mut renamed = changes.username.filter(|name| *name != username);
    if !wants("username", renamed.is_some()) {
        renamed = None;
    }
    if let Some(new) = &renamed
        && app.store.find_user(new).await?.is_some()
    {
        return Err(ApiError::conflict(format!("there is a user '{new}' already")));
    }
    if wants("email", changes.email.is_some()) {
        address_is_free(&app, changes.email.as_deref().unwrap_or_default(), &username).await?;
        user.email = changes.email;
    }
    if wants("first_name", changes.first_name.is_some()) {
        user.first_name = changes.first_name;
    }
    if wants("last_name", changes.last_name.is_some()) {
        user.last_name = changes.last_name;
    }
    if wants("roles", changes.roles.is_some()) {
        user.roles = known_roles(&app, changes.roles.unwrap_or_default()).await?;
    }
    if wants("password", changes.password.is_some()) {
        user.password_hash = hashed(changes.password.unwrap_or_default()).await?;
    }
    app.store.put_user(&user).await?;
    app.users.forget();
    let extra = json!({"username": username, "fields": changed, "roles": user.roles});
    app.record(Event::new("update_user", &who).extra(extra)).await?;
    let Some(new) = renamed else { return view(&app, &username).await.map(Json) };
    if !app.store.rename_user(&username, &new).await? {
        return Err(ApiError::conflict(format!("there is a user '{new}' already")));
    }
    app.users.forget();
    app.record(Event::new("update_user", &who).extra(json!({"username": username, "name": new}))).await?;
    view(&app, &new).await.map(Json)
}

/// `DELETE …/users/{username}`
pub async fn delete(State(app): State<App>, Path(username): Path<String>, who: Identity) -> ApiResult<StatusCode> {
    if !app.store.delete_user(&username).await? {
        return Err(ApiError::not_found(format!("there is no user '{username}'")));
    }
    app.users.forget();
    app.record(Event::new("delete_user", &who).extra(json!({"username": username}))).await?;
    Ok(StatusCode::NO_CONTENT)
}
