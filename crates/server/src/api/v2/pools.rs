//! Pools and what of them is in use: list, look, create, change, delete, in bulk as well.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_store::Pool;
use tradewind_store::read::{POOL_COLUMNS, PoolView};

use super::bulk::{self, BulkBody, Existing};
use super::paging;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/pools", list)
        .post("/api/v2/pools", create)
        .patch("/api/v2/pools", many)
        .get("/api/v2/pools/{*pool_name}", get)
        .patch("/api/v2/pools/{*pool_name}", update)
        .delete("/api/v2/pools/{*pool_name}", delete)
}

/// A pool as clients see it.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    slots: i32,
    description: Option<String>,
    include_deferred: bool,
    occupied_slots: i64,
    running_slots: i64,
    queued_slots: i64,
    scheduled_slots: i64,
    open_slots: i64,
    deferred_slots: i64,
    team_name: Option<String>,
}

/// Slots by pool and state.
type InUse = HashMap<(String, String), i64>;

impl Shown {
    fn new(pool: PoolView, in_use: &InUse) -> Self {
        let slots = |states: &[&str]| -> i64 {
            states.iter().map(|state| in_use.get(&(pool.name.clone(), (*state).to_owned())).copied().unwrap_or(0)).sum()
        };
        let (running, queued) = (slots(&["running", "restarting"]), slots(&["queued"]));
        let deferred = slots(&["deferred", "awaiting_input"]);
        let occupied = running + queued + if pool.include_deferred { deferred } else { 0 };
        // -1 slots mean no limit, and so do -1 open ones.
        let open = if pool.slots < 0 { -1 } else { (i64::from(pool.slots) - occupied).max(0) };
        Self {
            running_slots: running,
            queued_slots: queued,
            scheduled_slots: slots(&["scheduled"]),
            deferred_slots: deferred,
            occupied_slots: occupied,
            open_slots: open,
            name: pool.name,
            slots: pool.slots,
            description: pool.description,
            include_deferred: pool.include_deferred,
            team_name: None,
        }
    }
}

async fn in_use(app: &App) -> ApiResult<InUse> {
    let rows = app.store.pool_usage().await?;
    Ok(rows.into_iter().map(|(pool, state, slots)| ((pool, state), slots)).collect())
}

async fn shown(app: &App, name: &str) -> ApiResult<Json<Shown>> {
    let pool = app.store.find_pool(name).await?;
    let pool = pool.ok_or_else(|| ApiError::not_found(format!("there is no pool '{name}'")))?;
    Ok(Json(Shown::new(pool, &in_use(app).await?)))
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let order = paging::order(&params, POOL_COLUMNS, &["id"])?;
    let by = paging::matching(&params, "pool_name");
    let found = app.store.list_pools(&by, &order, paging::page(&app, &params)?).await?;
    let in_use = in_use(&app).await?;
    let pools: Vec<Shown> = found.rows.into_iter().map(|pool| Shown::new(pool, &in_use)).collect();
    Ok(Json(json!({"pools": pools, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Shown>> {
    shown(&app, &name).await
}

/// A pool as clients send it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    name: String,
    slots: i32,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    include_deferred: bool,
    #[serde(default)]
    team_name: Option<String>,
}

fn checked(sent: Sent) -> ApiResult<Pool> {
    if sent.team_name.is_some() {
        return Err(ApiError::bad_request("this server does not have teams"));
    }
    if sent.name.is_empty() || sent.name.chars().count() > 256 {
        return Err(ApiError::invalid("string_too_long", &["body", "name"], "a name has 1 to 256 characters"));
    }
    check_slots(sent.slots)?;
    Ok(Pool {
        name: sent.name,
        slots: sent.slots,
        description: sent.description,
        include_deferred: sent.include_deferred,
    })
}

fn check_slots(slots: i32) -> ApiResult<()> {
    if slots >= -1 {
        return Ok(());
    }
    Err(ApiError::invalid("greater_than_equal", &["body", "slots"], "it should be -1 (no limit), 0 or more"))
}

async fn create(State(app): State<App>, who: Identity, Body(sent): Body<Sent>) -> ApiResult<(StatusCode, Json<Shown>)> {
    let pool = checked(sent)?;
    app.store.create_pool(&pool).await?;
    app.record(Event::new("post_pool", &who).extra(json!({"pool": pool.name, "slots": pool.slots}))).await?;
    Ok((StatusCode::CREATED, shown(&app, &pool.name).await?))
}

/// What may be changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    #[serde(default, alias = "name")]
    pool: Option<String>,
    #[serde(default)]
    slots: Option<i32>,
    #[serde(default, deserialize_with = "bulk::given")]
    description: Option<Option<String>>,
    #[serde(default)]
    include_deferred: Option<bool>,
    #[serde(default)]
    team_name: Option<String>,
}

async fn update(
    State(app): State<App>,
    who: Identity,
    Path(name): Path<String>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<Shown>> {
    change(&app, &who, &name, patch, &params.list("update_mask")).await?;
    shown(&app, &name).await
}

async fn change(app: &App, who: &Identity, name: &str, patch: Patch, mask: &[String]) -> ApiResult<()> {
    if patch.pool.as_deref().is_some_and(|pool| pool != name) {
        return Err(ApiError::bad_request("pools can't be renamed: path and body name different pools"));
    }
    if patch.team_name.is_some() {
        return Err(ApiError::bad_request("this server does not have teams"));
    }
    let known = ["pool", "name", "slots", "description", "include_deferred"];
    if let Some(unknown) = mask.iter().find(|field| !known.contains(&field.as_str())) {
        return Err(ApiError::bad_request(format!("a pool has no field '{unknown}' that can be changed")));
    }
    let wanted = |field: &str| mask.is_empty() || mask.iter().any(|name| name == field);
    let old = app.store.pool(name).await?;
    let mut pool = old.ok_or_else(|| ApiError::not_found(format!("there is no pool '{name}'")))?;
    if let Some(slots) = patch.slots.filter(|_| wanted("slots")) {
        check_slots(slots)?;
        pool.slots = slots;
    }
    if let Some(description) = patch.description.filter(|_| wanted("description")) {
        pool.description = description;
    }
    if let Some(include_deferred) = patch.include_deferred.filter(|_| wanted("include_deferred")) {
        pool.include_deferred = include_deferred;
    }
    app.store.put_pool(&pool).await?;
    app.record(Event::new("patch_pool", who).extra(json!({"pool": name, "slots": pool.slots}))).await
}

async fn delete(State(app): State<App>, who: Identity, Path(name): Path<String>) -> ApiResult<StatusCode> {
    remove(&app, &who, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(app: &App, who: &Identity, name: &str) -> ApiResult<()> {
    if !app.store.delete_pool(name).await? {
        return Err(ApiError::not_found(format!("there is no pool '{name}'")));
    }
    app.record(Event::new("delete_pool", who).extra(json!({"pool": name}))).await
}

async fn many(State(app): State<App>, who: Identity, Body(body): Body<BulkBody>) -> Json<bulk::Answer> {
    bulk::apply(&Pools { app: &app, who: &who }, body).await
}

/// What a bulk request works on, for one user.
struct Pools<'a> {
    app: &'a App,
    who: &'a Identity,
}

impl bulk::Entities for Pools<'_> {
    const KEY: &'static str = "name";
    type Patch = Patch;

    async fn create(&self, value: &Value, existing: Existing) -> ApiResult<()> {
        put(self.app, self.who, value, existing).await
    }

    async fn change(&self, key: &str, patch: Patch, mask: &[String]) -> ApiResult<()> {
        change(self.app, self.who, key, patch, mask).await
    }

    async fn remove(&self, key: &str) -> ApiResult<()> {
        remove(self.app, self.who, key).await
    }
}

async fn put(app: &App, who: &Identity, value: &Value, existing: Existing) -> ApiResult<()> {
    let pool = checked(bulk::entity(value)?)?;
    match existing {
        Existing::Overwrite => app.store.put_pool(&pool).await?,
        Existing::Fail | Existing::Skip => app.store.create_pool(&pool).await?,
    }
    app.record(Event::new("post_pool", who).extra(json!({"pool": pool.name, "slots": pool.slots}))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_add_up() {
        let in_use: InUse = [("running", 2), ("queued", 1), ("deferred", 4), ("scheduled", 9)]
            .map(|(state, slots)| (("p".to_owned(), state.to_owned()), slots))
            .into();
        let pool = |slots, include_deferred| {
            let pool = PoolView { name: "p".into(), slots, description: None, include_deferred };
            let shown = Shown::new(pool, &in_use);
            (shown.occupied_slots, shown.open_slots)
        };
        assert_eq!(pool(5, false), (3, 2));
        assert_eq!(pool(5, true), (7, 0));
        assert_eq!(pool(-1, true), (7, -1));
    }
}
