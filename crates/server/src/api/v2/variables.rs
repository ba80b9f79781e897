//! Variables: list, look, create, change, delete, in bulk as well.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_store::Variable;
use tradewind_store::read::VARIABLE_COLUMNS;

use super::bulk::{self, BulkBody, Existing};
use super::paging;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::redact::{HIDDEN, is_sensitive};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/variables", list)
        .post("/api/v2/variables", create)
        .patch("/api/v2/variables", many)
        .get("/api/v2/variables/{*variable_key}", get)
        .patch("/api/v2/variables/{*variable_key}", update)
        .delete("/api/v2/variables/{*variable_key}", delete)
}

/// A variable as clients see it. Values of keys that sound like secrets are hidden.
#[derive(Serialize)]
struct Shown {
    key: String,
    value: String,
    description: Option<String>,
    is_encrypted: bool,
    team_name: Option<String>,
}

impl From<Variable> for Shown {
    fn from(variable: Variable) -> Self {
        let value = if is_sensitive(&variable.key) { HIDDEN.to_owned() } else { variable.value };
        Self {
            key: variable.key,
            value,
            description: variable.description,
            is_encrypted: variable.is_encrypted,
            team_name: None,
        }
    }
}

/// A variable as clients send it. A value that is no text is kept as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    key: String,
    value: Value,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    team_name: Option<String>,
}

fn checked(sent: Sent) -> ApiResult<Variable> {
    if sent.team_name.is_some() {
        return Err(ApiError::bad_request("this server does not have teams"));
    }
    if sent.key.is_empty() || sent.key.chars().count() > 250 {
        return Err(ApiError::invalid("string_too_long", &["body", "key"], "a key has 1 to 250 characters"));
    }
    let value = match sent.value {
        Value::String(text) => text,
        value => value.to_string(),
    };
    Ok(Variable { key: sent.key, value, description: sent.description, is_encrypted: false })
}

async fn must_exist(app: &App, key: &str) -> ApiResult<Variable> {
    app.store.variable(key).await?.ok_or_else(|| ApiError::not_found(format!("there is no variable '{key}'")))
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let order = paging::order(&params, VARIABLE_COLUMNS, &["id"])?;
    let by = paging::matching(&params, "variable_key");
    let found = app.store.list_variable_keys(&by, &order, paging::page(&app, &params)?).await?;
    let mut shown = Vec::with_capacity(found.rows.len());
    for key in found.rows {
        shown.extend(app.store.variable(&key).await?.map(Shown::from));
    }
    Ok(Json(json!({"variables": shown, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path(key): Path<String>) -> ApiResult<Json<Shown>> {
    Ok(Json(must_exist(&app, &key).await?.into()))
}

async fn create(State(app): State<App>, who: Identity, Body(sent): Body<Sent>) -> ApiResult<(StatusCode, Json<Shown>)> {
    let variable = checked(sent)?;
    app.store.create_variable(&variable).await?;
    app.record(Event::new("post_variable", &who).extra(json!({"key": variable.key}))).await?;
    Ok((StatusCode::CREATED, Json(must_exist(&app, &variable.key).await?.into())))
}

async fn update(
    State(app): State<App>,
    who: Identity,
    Path(key): Path<String>,
    params: Params,
    Body(sent): Body<Sent>,
) -> ApiResult<Json<Shown>> {
    change(&app, &who, &key, sent, &params.list("update_mask")).await?;
    Ok(Json(must_exist(&app, &key).await?.into()))
}

async fn change(app: &App, who: &Identity, key: &str, sent: Sent, mask: &[String]) -> ApiResult<()> {
    if sent.key != key {
        return Err(ApiError::bad_request("path and body name different variables"));
    }
    if let Some(unknown) = mask.iter().find(|field| !matches!(field.as_str(), "key" | "value" | "description")) {
        return Err(ApiError::bad_request(format!("a variable has no field '{unknown}' that can be changed")));
    }
    let old = must_exist(app, key).await?;
    let mut new = checked(sent)?;
    let wanted = |field: &str| mask.is_empty() || mask.iter().any(|name| name == field);
    if !wanted("value") || (new.value == HIDDEN && is_sensitive(key)) {
        new.value = old.value;
    }
    if !wanted("description") {
        new.description = old.description;
    }
    app.store.put_variable(&new).await?;
    app.record(Event::new("patch_variable", who).extra(json!({"key": key}))).await
}

async fn delete(State(app): State<App>, who: Identity, Path(key): Path<String>) -> ApiResult<StatusCode> {
    remove(&app, &who, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(app: &App, who: &Identity, key: &str) -> ApiResult<()> {
    if !app.store.delete_variable(key).await? {
        return Err(ApiError::not_found(format!("there is no variable '{key}'")));
    }
    app.record(Event::new("delete_variable", who).extra(json!({"key": key}))).await
}

async fn many(State(app): State<App>, who: Identity, Body(body): Body<BulkBody>) -> Json<bulk::Answer> {
    bulk::apply(&Variables { app: &app, who: &who }, body).await
}

/// What a bulk request works on, for one user.
struct Variables<'a> {
    app: &'a App,
    who: &'a Identity,
}

impl bulk::Entities for Variables<'_> {
    const KEY: &'static str = "key";
    type Patch = Sent;

    async fn create(&self, value: &Value, existing: Existing) -> ApiResult<()> {
        put(self.app, self.who, value, existing).await
    }

    async fn change(&self, key: &str, patch: Sent, mask: &[String]) -> ApiResult<()> {
        change(self.app, self.who, key, patch, mask).await
    }

    async fn remove(&self, key: &str) -> ApiResult<()> {
        remove(self.app, self.who, key).await
    }
}

async fn put(app: &App, who: &Identity, value: &Value, existing: Existing) -> ApiResult<()> {
    let variable = checked(bulk::entity(value)?)?;
    match existing {
        Existing::Overwrite => app.store.put_variable(&variable).await?,
        Existing::Fail | Existing::Skip => app.store.create_variable(&variable).await?,
    }
    app.record(Event::new("post_variable", who).extra(json!({"key": variable.key}))).await
}
