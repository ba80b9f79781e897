//! `/assets` and `/asset-events`: assets by name, URI or alias, and their events.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tradewind_protocol::TaskCall;
use tradewind_store::read::AssetView;

use super::asking::Asking;
use super::failure::failure;
use super::ti_queries::required;
use super::version::Version;
use crate::http::Params;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/execution/assets/by-name", by_name)
        .get("/execution/assets/by-uri", by_uri)
        .get("/execution/assets/by-alias", by_alias)
        .get("/execution/asset-events/by-asset", events_of_asset)
        .get("/execution/asset-events/by-asset-alias", events_of_alias)
}

async fn by_name(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<Value>> {
    let name = Some(required(&params, "name")?);
    Ok(Json(asking.ask(&app, TaskCall::AssetGet { name, uri: None }).await?))
}

async fn by_uri(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<Value>> {
    let uri = Some(required(&params, "uri")?);
    Ok(Json(asking.ask(&app, TaskCall::AssetGet { name: None, uri }).await?))
}

async fn by_alias(State(app): State<App>, _: Asking, params: Params) -> ApiResult<Json<Value>> {
    let found = app.store.assets_of_alias(&required(&params, "alias_name")?).await?;
    let shape =
        |asset: &AssetView| json!({"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": asset.extra});
    Ok(Json(found.iter().map(shape).collect()))
}

async fn events_of_asset(
    State(app): State<App>,
    asking: Asking,
    version: Version,
    params: Params,
) -> ApiResult<Json<Value>> {
    let given = |name: &str| params.text(name).filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let (name, uri) = (given("name"), given("uri"));
    if name.is_none() && uri.is_none() {
        let message = "name and uri cannot both be None";
        return Err(failure(StatusCode::BAD_REQUEST, "Missing parameter", message));
    }
    events(&app, &asking, &version, &params, [name, uri, None]).await
}

async fn events_of_alias(
    State(app): State<App>,
    asking: Asking,
    version: Version,
    params: Params,
) -> ApiResult<Json<Value>> {
    let alias = Some(required(&params, "name")?);
    events(&app, &asking, &version, &params, [None, None, alias]).await
}

async fn events(
    app: &App,
    asking: &Asking,
    version: &Version,
    params: &Params,
    [name, uri, alias]: [Option<String>; 3],
) -> ApiResult<Json<Value>> {
    let call = TaskCall::AssetEvents {
        name,
        uri,
        alias,
        after: params.instant("after")?,
        before: params.instant("before")?,
        ascending: params.flag("ascending")?,
        limit: params.int("limit")?,
    };
    let found = asking.ask(app, call).await?;
    let found = found.as_array().cloned().unwrap_or_default();
    let ids: Vec<i64> = found.iter().filter_map(|event| event["id"].as_i64()).collect();
    let mut runs = app.store.runs_of_asset_events(&ids).await?;
    let mut shaped = Vec::with_capacity(found.len());
    for event in found {
        let created = event["id"].as_i64().and_then(|id| runs.remove(&id)).unwrap_or_default();
        let created: Vec<Value> = created
            .iter()
            .map(|run| {
                json!({
                    "run_id": run.run_id, "dag_id": run.dag_id, "logical_date": run.logical_date,
                    // One that has not begun has no start, and clients want one.
                    "start_date": run.start_date.unwrap_or(run.run_after), "end_date": run.end_date,
                    "state": run.state, "data_interval_start": run.data_interval_start,
                    "data_interval_end": run.data_interval_end, "partition_key": run.partition_key,
                })
            })
            .collect();
        let mut fields = Map::new();
        for name in ["id", "timestamp", "extra", "source_task_id", "source_dag_id", "source_run_id", "source_map_index"]
        {
            fields.insert(name.into(), event[name].clone());
        }
        let asset = &event["asset"];
        let asset =
            json!({"name": asset["name"], "uri": asset["uri"], "group": asset["group"], "extra": asset["extra"]});
        fields.insert("asset".into(), asset);
        fields.insert("created_dagruns".into(), created.into());
        if !version.is_before("2026-04-06") {
            fields.insert("partition_key".into(), event["partition_key"].clone());
        }
        shaped.push(Value::Object(fields));
    }
    Ok(Json(json!({"asset_events": shaped})))
}
