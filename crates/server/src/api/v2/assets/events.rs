//! Events: `GET` and `POST /api/v2/assets/events`, and what a run consumed.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tradewind_core::asset::{AssetExpr, AssetKey, AssetSpec};
use tradewind_store::NewAssetEvent;
use tradewind_store::read::{ASSET_EVENT_COLUMNS, AssetEventFilter, AssetEventView, OrderBy, Page};

use super::shape::AssetEvent;
use crate::api::v2::{dag_runs, paging};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

/// Longest partition key.
const LONGEST_KEY: usize = 250;

/// A page of events.
#[derive(Serialize)]
pub struct AssetEvents {
    asset_events: Vec<AssetEvent>,
    total_entries: i64,
}

/// Answers a page.
pub async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<AssetEvents>> {
    let text = |name: &str| params.text(name).map(ToOwned::to_owned);
    let by = AssetEventFilter {
        asset_id: params.int("asset_id")?,
        source_dag_id: text("source_dag_id"),
        source_task_id: text("source_task_id"),
        source_run_id: text("source_run_id"),
        source_map_index: params.int("source_map_index")?,
        name_matches: paging::matching(&params, "name"),
        at: paging::instants(&params, "timestamp")?,
        ..AssetEventFilter::default()
    };
    let order = paging::order(&params, ASSET_EVENT_COLUMNS, &["timestamp"])?;
    answer(&app, &by, &order, paging::page(&app, &params)?).await
}

/// What a run consumed.
pub async fn of_run(
    State(app): State<App>,
    Path((dag_id, run_id)): Path<(String, String)>,
) -> ApiResult<Json<AssetEvents>> {
    let run = dag_runs::must_exist(&app, &dag_id, &run_id).await?;
    let by = AssetEventFilter { consumed_by: Some(run.id), ..AssetEventFilter::default() };
    let order = OrderBy::parse(ASSET_EVENT_COLUMNS, &["timestamp"])
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    answer(&app, &by, &order, Page { limit: i64::from(i32::MAX), offset: 0 }).await
}

async fn answer(app: &App, by: &AssetEventFilter, order: &OrderBy, page: Page) -> ApiResult<Json<AssetEvents>> {
    let found = app.store.list_asset_events(by, order, page).await?;
    Ok(Json(AssetEvents { asset_events: shapes(app, found.rows).await?, total_entries: found.total }))
}

async fn shapes(app: &App, events: Vec<AssetEventView>) -> ApiResult<Vec<AssetEvent>> {
    let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    let mut runs = app.store.runs_of_asset_events(&ids).await?;
    Ok(events
        .into_iter()
        .map(|event| {
            let runs = runs.remove(&event.id).unwrap_or_default();
            AssetEvent::new(event, runs)
        })
        .collect())
}

/// An update that somebody reports.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    asset_id: i64,
    #[serde(default)]
    partition_key: Option<String>,
    #[serde(default)]
    extra: Map<String, Value>,
    #[serde(default)]
    access_control: Option<Value>,
}

/// Records it.
pub async fn create(State(app): State<App>, who: Identity, Body(new): Body<NewEvent>) -> ApiResult<Json<AssetEvent>> {
    if new.access_control.is_some() {
        return Err(ApiError::bad_request("this server does not have teams, so access_control has no meaning here"));
    }
    if let Some(key) = &new.partition_key
        && (key.trim().is_empty() || key.chars().count() > LONGEST_KEY)
    {
        let msg = format!("a partition key has 1 to {LONGEST_KEY} characters");
        return Err(ApiError::invalid("value_error", &["body", "partition_key"], msg));
    }
    let asset = super::must_exist(&app, new.asset_id).await?;
    let mut extra = new.extra;
    // As Airflow marks them.
    extra.insert("from_rest_api".into(), Value::Bool(true));
    let event = NewAssetEvent {
        asset: AssetExpr::Asset(AssetSpec {
            key: AssetKey { name: asset.name.clone(), uri: asset.uri },
            group: asset.group,
            extra: Map::new(),
            watchers: Vec::new(),
        }),
        at: now(),
        extra,
        aliases: Vec::new(),
        source: None,
        partition_key: new.partition_key,
        partition_date: None,
    };
    let mut tx = app.store.begin().await?;
    let events = [event];
    let number = tx.emit_asset_events(&events).await?.into_iter().next().flatten();
    tx.tell_of_asset_events(&events).await?;
    tx.commit().await?;
    let number = number.ok_or_else(|| ApiError::not_found(format!("asset '{}' is gone", asset.name)))?;
    app.record(Event::new("create_asset_event", &who)).await?;
    let by = AssetEventFilter { asset_id: Some(asset.id), ..AssetEventFilter::default() };
    let newest = AssetEventFilter { descending: true, ..by };
    let events = app.store.asset_events_for_task(&newest, Page { limit: 100, offset: 0 }).await?;
    let event = events.into_iter().find(|event| event.id == number);
    let event = event.ok_or_else(|| ApiError::not_found("the event is gone"))?;
    Ok(Json(AssetEvent::new(event, Vec::new())))
}
