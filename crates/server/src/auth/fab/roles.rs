//! Roles: built-in ones, which may get more, and own ones.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_store::Permission;

use super::{mask, page};
use crate::auth::Identity;
use crate::auth::rights::{Action, check_permission, known_resources};
use crate::auth::role::{ADMIN, BUILT_IN, built_in, built_in_words};
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

#[derive(Deserialize, Serialize)]
struct Named {
    name: String,
}

/// One permission: an action on a resource.
#[derive(Deserialize, Serialize)]
pub struct Pair {
    action: Named,
    resource: Named,
}

impl From<Permission> for Pair {
    fn from(Permission { action, resource }: Permission) -> Self {
        Self { action: Named { name: action }, resource: Named { name: resource } }
    }
}

/// A role as clients see and send it.
#[derive(Deserialize, Serialize)]
pub struct Role {
    name: String,
    #[serde(default)]
    actions: Vec<Pair>,
}

impl Role {
    fn permissions(&self) -> ApiResult<Vec<Permission>> {
        let one = |pair: &Pair| check_permission(&pair.action.name, &pair.resource.name).map_err(ApiError::bad_request);
        self.actions.iter().map(one).collect()
    }
}

async fn all(app: &App) -> ApiResult<Vec<Role>> {
    let mut additions = app.store.role_permissions().await?;
    let own = app.store.own_roles().await?;
    let names = BUILT_IN.iter().map(|name| (*name).to_owned()).chain(own);
    let mut roles: Vec<Role> = names
        .map(|name| {
            let mut permissions = built_in_words(&name);
            permissions.extend(additions.remove(&name).unwrap_or_default());
            permissions.sort();
            permissions.dedup();
            Role { name, actions: permissions.into_iter().map(Pair::from).collect() }
        })
        .collect();
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(roles)
}

async fn find(app: &App, name: &str) -> ApiResult<Role> {
    let found = all(app).await?.into_iter().find(|role| role.name == name);
    found.ok_or_else(|| ApiError::not_found(format!("there is no role '{name}'")))
}

/// `GET …/roles`
pub async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let mut roles = all(&app).await?;
    match params.text("order_by") {
        None | Some("name" | "id" | "") => {}
        Some("-name" | "-id") => roles.reverse(),
        Some(other) => return Err(ApiError::bad_request(format!("roles can't be ordered by '{other}', only by name"))),
    }
    let total = roles.len();
    Ok(Json(json!({"roles": page(&app, &params, roles)?, "total_entries": total})))
}

/// `GET …/roles/{name}`
pub async fn get(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Role>> {
    find(&app, &name).await.map(Json)
}

/// `POST …/roles`
pub async fn create(State(app): State<App>, who: Identity, Body(role): Body<Role>) -> ApiResult<Json<Role>> {
    let exists = || ApiError::conflict(format!("there is a role '{}' already", role.name));
    if built_in(&role.name).is_some() {
        return Err(exists());
    }
    if !app.store.create_role(&role.name, &role.permissions()?).await? {
        return Err(exists());
    }
    app.users.forget();
    app.record(Event::new("create_role", &who).extra(json!({"role": role.name, "actions": role.actions}))).await?;
    find(&app, &role.name).await.map(Json)
}

/// `PATCH …/roles/{name}`
pub async fn patch(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
    who: Identity,
    Body(role): Body<Role>,
) -> ApiResult<Json<Role>> {
    find(&app, &name).await?;
    let fields = mask(&params, &["name", "actions"])?;
    let renamed = (fields.contains(&"name") && role.name != name).then_some(role.name.as_str());
    if let Some(new) = renamed {
        if built_in(&name).is_some() || built_in(new).is_some() {
            return Err(ApiError::bad_request("built-in roles keep their names, and no other role gets one of them"));
        }
        if app.store.own_roles().await?.iter().any(|known| known == new) {
            return Err(ApiError::conflict(format!("there is a role '{new}' already")));
        }
    }
    if fields.contains(&"actions") {
        if name == ADMIN {
            return Err(ApiError::bad_request("Admin may do everything; that can't be changed"));
        }
        let wanted = role.permissions()?;
        let fixed = built_in_words(&name);
        if let Some(missing) = fixed.iter().find(|permission| !wanted.contains(permission)) {
            return Err(ApiError::bad_request(format!(
                "{name} is built in and keeps {} on {}: make an own role that may do less",
                missing.action, missing.resource
            )));
        }
        let additions: Vec<Permission> = wanted.into_iter().filter(|one| !fixed.contains(one)).collect();
        app.store.set_permissions(&name, &additions).await?;
        app.users.forget();
        app.record(Event::new("update_role", &who).extra(json!({"role": name, "actions": role.actions}))).await?;
    }
    let Some(new) = renamed else { return find(&app, &name).await.map(Json) };
    if !app.store.rename_role(&name, new).await? {
        return Err(ApiError::conflict(format!("there is a role '{new}' already")));
    }
    app.users.forget();
    app.record(Event::new("update_role", &who).extra(json!({"role": name, "name": new}))).await?;
    find(&app, new).await.map(Json)
}

/// `DELETE …/roles/{name}`
pub async fn delete(State(app): State<App>, Path(name): Path<String>, who: Identity) -> ApiResult<Json<Value>> {
    if BUILT_IN.contains(&name.as_str()) {
        return Err(ApiError::forbidden(format!("{name} is built in and stays")));
    }
    if !app.store.delete_role(&name).await? {
        return Err(ApiError::not_found(format!("there is no role '{name}'")));
    }
    app.users.forget();
    app.record(Event::new("delete_role", &who).extra(json!({"role": name}))).await?;
    Ok(Json(Value::Null))
}

/// `GET …/permissions`: every pair that roles may have.
pub async fn permissions(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let pair =
        |action: &Action, resource: &str| Permission { action: action.as_str().into(), resource: resource.into() };
    let mut all: Vec<Permission> =
        known_resources().flat_map(|resource| Action::ALL.iter().map(move |action| pair(action, resource))).collect();
    all.extend(app.store.role_permissions().await?.into_values().flatten());
    all.sort();
    all.dedup();
    let total = all.len();
    let pairs: Vec<Pair> = page(&app, &params, all)?.into_iter().map(Pair::from).collect();
    Ok(Json(json!({"actions": pairs, "total_entries": total})))
}
