//! Connections: list, look, create, change, delete, in bulk as well. Secrets never leave.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_store::Connection;
use tradewind_store::read::CONNECTION_COLUMNS;

use super::bulk::{self, BulkBody, Existing};
use super::paging;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::redact::{HIDDEN, redact, restore};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/connections", list)
        .post("/api/v2/connections", create)
        .patch("/api/v2/connections", many)
        .get("/api/v2/connections/{connection_id}", get)
        .patch("/api/v2/connections/{connection_id}", update)
        .delete("/api/v2/connections/{connection_id}", delete)
}

/// A connection as clients see it.
#[derive(Serialize)]
struct Shown {
    connection_id: String,
    conn_type: String,
    description: Option<String>,
    host: Option<String>,
    login: Option<String>,
    schema: Option<String>,
    port: Option<i32>,
    password: Option<&'static str>,
    extra: Option<String>,
    team_name: Option<String>,
}

impl From<Connection> for Shown {
    fn from(c: Connection) -> Self {
        // An extra that is no JSON may be a secret as a whole.
        let extra = c.extra.filter(|text| !text.is_empty()).map(|text| match serde_json::from_str::<Value>(&text) {
            Ok(value @ Value::Object(_)) => redact(value).to_string(),
            _ => HIDDEN.to_owned(),
        });
        Self {
            connection_id: c.conn_id,
            conn_type: c.conn_type,
            description: c.description,
            host: c.host,
            login: c.login,
            schema: c.schema,
            port: c.port,
            password: c.password.filter(|text| !text.is_empty()).map(|_| HIDDEN),
            extra,
            team_name: None,
        }
    }
}

/// A connection as clients send it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    connection_id: String,
    conn_type: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    schema: Option<String>,
    #[serde(default)]
    port: Option<i32>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    extra: Option<String>,
    #[serde(default)]
    team_name: Option<String>,
}

/// Checks what a client sent.
///
/// # Errors
/// 400 or 422 with the field.
pub fn checked(sent: Sent) -> ApiResult<Connection> {
    if sent.team_name.is_some() {
        return Err(ApiError::bad_request("this server does not have teams"));
    }
    let fits = |c: char| c.is_alphanumeric() || "_-.+#@:/()!&%*$ ".contains(c);
    if sent.connection_id.is_empty()
        || sent.connection_id.chars().count() > 200
        || !sent.connection_id.chars().all(fits)
    {
        let msg = "a connection id has 1 to 200 letters, digits and some punctuation";
        return Err(ApiError::invalid("string_pattern_mismatch", &["body", "connection_id"], msg));
    }
    if let Some(extra) = sent.extra.as_deref().filter(|text| !text.trim().is_empty()) {
        match serde_json::from_str::<Value>(extra) {
            Ok(Value::Object(_)) => {}
            Ok(_) => return Err(ApiError::invalid("value_error", &["body", "extra"], "it should be a JSON object")),
            Err(error) => {
                return Err(ApiError::invalid(
                    "value_error",
                    &["body", "extra"],
                    format!("it should be a JSON object: {error}"),
                ));
            }
        }
    }
    Ok(Connection {
        conn_id: sent.connection_id,
        conn_type: sent.conn_type,
        description: sent.description,
        host: sent.host,
        schema: sent.schema,
        login: sent.login,
        password: sent.password,
        port: sent.port,
        extra: sent.extra,
    })
}

/// What `Connection(…)` in Python takes.
pub fn for_hooks(connection: &Connection) -> Value {
    json!({
        "conn_id": connection.conn_id,
        "conn_type": connection.conn_type,
        "description": connection.description,
        "host": connection.host,
        "login": connection.login,
        "password": connection.password,
        "schema": connection.schema,
        "port": connection.port,
        "extra": connection.extra,
    })
}

async fn must_exist(app: &App, id: &str) -> ApiResult<Connection> {
    app.store.connection(id).await?.ok_or_else(|| ApiError::not_found(format!("there is no connection '{id}'")))
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let order = paging::order(&params, CONNECTION_COLUMNS, &["id"])?;
    let by = paging::matching(&params, "connection_id");
    let found = app.store.list_connection_ids(&by, &order, paging::page(&app, &params)?).await?;
    let mut shown = Vec::with_capacity(found.rows.len());
    for id in found.rows {
        shown.extend(app.store.connection(&id).await?.map(Shown::from));
    }
    Ok(Json(json!({"connections": shown, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path(id): Path<String>) -> ApiResult<Json<Shown>> {
    Ok(Json(must_exist(&app, &id).await?.into()))
}

async fn create(State(app): State<App>, who: Identity, Body(sent): Body<Sent>) -> ApiResult<(StatusCode, Json<Shown>)> {
    let connection = checked(sent)?;
    app.store.create_connection(&connection).await?;
    app.record(Event::new("post_connection", &who).extra(json!({"connection_id": connection.conn_id}))).await?;
    Ok((StatusCode::CREATED, Json(must_exist(&app, &connection.conn_id).await?.into())))
}

async fn update(
    State(app): State<App>,
    who: Identity,
    Path(id): Path<String>,
    params: Params,
    Body(sent): Body<Sent>,
) -> ApiResult<Json<Shown>> {
    change(&app, &who, &id, sent, &params.list("update_mask")).await?;
    Ok(Json(must_exist(&app, &id).await?.into()))
}

const FIELDS: [&str; 9] =
    ["connection_id", "conn_type", "description", "host", "login", "schema", "port", "password", "extra"];

async fn change(app: &App, who: &Identity, id: &str, sent: Sent, mask: &[String]) -> ApiResult<()> {
    if sent.connection_id != id {
        return Err(ApiError::bad_request("path and body name different connections"));
    }
    if let Some(unknown) = mask.iter().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(ApiError::bad_request(format!("a connection has no field '{unknown}'")));
    }
    let old = must_exist(app, id).await?;
    let sent = checked(sent)?;
    let wanted = |field: &str| mask.is_empty() || mask.iter().any(|name| name == field);
    let pick = |field: &str, new: Option<String>, old: &Option<String>| if wanted(field) { new } else { old.clone() };
    let password = match sent.password.as_deref() {
        Some(HIDDEN) => old.password.clone(),
        _ => pick("password", sent.password, &old.password),
    };
    let extra = match sent.extra.as_deref() {
        Some(HIDDEN) => old.extra.clone(),
        _ => pick("extra", sent.extra, &old.extra).map(|text| unhide(text, old.extra.as_deref())),
    };
    let new = Connection {
        conn_id: old.conn_id.clone(),
        conn_type: if wanted("conn_type") { sent.conn_type } else { old.conn_type.clone() },
        description: pick("description", sent.description, &old.description),
        host: pick("host", sent.host, &old.host),
        schema: pick("schema", sent.schema, &old.schema),
        login: pick("login", sent.login, &old.login),
        port: if wanted("port") { sent.port } else { old.port },
        password,
        extra,
    };
    app.store.put_connection(&new).await?;
    app.record(Event::new("patch_connection", who).extra(json!({"connection_id": id}))).await
}

/// Fields of `extra` that were shown hidden and come back so keep their value.
fn unhide(text: String, old: Option<&str>) -> String {
    let old = old.and_then(|old| serde_json::from_str::<Value>(old).ok());
    match serde_json::from_str::<Value>(&text) {
        Ok(new @ Value::Object(_)) => restore(new, old.as_ref()).to_string(),
        _ => text,
    }
}

async fn delete(State(app): State<App>, who: Identity, Path(id): Path<String>) -> ApiResult<StatusCode> {
    remove(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(app: &App, who: &Identity, id: &str) -> ApiResult<()> {
    if !app.store.delete_connection(id).await? {
        return Err(ApiError::not_found(format!("there is no connection '{id}'")));
    }
    app.record(Event::new("delete_connection", who).extra(json!({"connection_id": id}))).await
}

async fn many(State(app): State<App>, who: Identity, Body(body): Body<BulkBody>) -> Json<bulk::Answer> {
    bulk::apply(&Connections { app: &app, who: &who }, body).await
}

/// What a bulk request works on, for one user.
struct Connections<'a> {
    app: &'a App,
    who: &'a Identity,
}

impl bulk::Entities for Connections<'_> {
    const KEY: &'static str = "connection_id";
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
    let connection = checked(bulk::entity(value)?)?;
    match existing {
        Existing::Overwrite => app.store.put_connection(&connection).await?,
        Existing::Fail | Existing::Skip => app.store.create_connection(&connection).await?,
    }
    app.record(Event::new("post_connection", who).extra(json!({"connection_id": connection.conn_id}))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_shown() {
        let connection = Connection {
            conn_id: "c".into(),
            conn_type: "http".into(),
            password: Some("p".into()),
            extra: Some(r#"{"timeout": 3, "api_key": "k"}"#.into()),
            ..Connection::default()
        };
        let shown = serde_json::to_string(&Shown::from(connection)).unwrap();
        assert!(shown.contains(r#""password":"***""#) && shown.contains(r#"\"timeout\":3"#), "{shown}");
        assert!(!shown.contains(r#""p""#) && !shown.contains(r#"\"k\""#), "{shown}");
    }
}
