//! `/store`: what the calling task instance remembers, and what is remembered of an asset.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_protocol::TaskCall;

use super::asking::Asking;
use super::ti_queries::required;
use crate::clock::now;
use crate::http::error::ApiResult;
use crate::http::{Body, Params};
use crate::routes::Routes;
use crate::state::App;

const OF_TASK: &str = "/execution/store/ti/{task_instance_id}/{*key}";
const BY_NAME: &str = "/execution/store/asset/by-name/value";
const BY_URI: &str = "/execution/store/asset/by-uri/value";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(OF_TASK, get)
        .put(OF_TASK, set)
        .delete(OF_TASK, delete)
        .delete("/execution/store/ti/{task_instance_id}", clear)
        .get(BY_NAME, get_by_name)
        .put(BY_NAME, set_by_name)
        .delete(BY_NAME, delete_by_name)
        .delete("/execution/store/asset/by-name/clear", clear_by_name)
        .get(BY_URI, get_by_uri)
        .put(BY_URI, set_by_uri)
        .delete(BY_URI, delete_by_uri)
        .delete("/execution/store/asset/by-uri/clear", clear_by_uri)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    value: Value,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAsset {
    value: Value,
}

type Names = (String, String);

async fn get(State(app): State<App>, asking: Asking, Path((_, key)): Path<Names>) -> ApiResult<Json<Value>> {
    Ok(Json(json!({"value": asking.ask(&app, TaskCall::TaskStateGet { key }).await?})))
}

async fn set(
    State(app): State<App>,
    asking: Asking,
    Path((_, key)): Path<Names>,
    Body(given): Body<Remembered>,
) -> ApiResult<StatusCode> {
    // The client has applied its default; nothing means for ever.
    let call = TaskCall::TaskStateSet {
        key,
        value: given.value,
        retention: given.expires_at.map(|at| (at - now()).as_secs_f64()),
        never_expires: given.expires_at.is_none(),
    };
    nothing(&app, &asking, call).await
}

async fn delete(State(app): State<App>, asking: Asking, Path((_, key)): Path<Names>) -> ApiResult<StatusCode> {
    nothing(&app, &asking, TaskCall::TaskStateDelete { key }).await
}

async fn clear(State(app): State<App>, asking: Asking) -> ApiResult<StatusCode> {
    nothing(&app, &asking, TaskCall::TaskStateClear { all_map_indices: false }).await
}

async fn nothing(app: &App, asking: &Asking, call: TaskCall) -> ApiResult<StatusCode> {
    asking.ask(app, call).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a request names its asset.
#[derive(Clone, Copy)]
enum By {
    Name,
    Uri,
}

impl By {
    fn read(self, params: &Params) -> ApiResult<(Option<String>, Option<String>)> {
        Ok(match self {
            Self::Name => (Some(required(params, "name")?), None),
            Self::Uri => (None, Some(required(params, "uri")?)),
        })
    }

    async fn get(self, app: &App, asking: &Asking, params: &Params) -> ApiResult<Json<Value>> {
        let (name, uri) = self.read(params)?;
        let call = TaskCall::AssetStateGet { name, uri, key: required(params, "key")? };
        Ok(Json(json!({"value": asking.ask(app, call).await?})))
    }

    async fn set(self, app: &App, asking: &Asking, params: &Params, value: Value) -> ApiResult<StatusCode> {
        let (name, uri) = self.read(params)?;
        nothing(app, asking, TaskCall::AssetStateSet { name, uri, key: required(params, "key")?, value }).await
    }

    async fn delete(self, app: &App, asking: &Asking, params: &Params) -> ApiResult<StatusCode> {
        let (name, uri) = self.read(params)?;
        nothing(app, asking, TaskCall::AssetStateDelete { name, uri, key: required(params, "key")? }).await
    }

    async fn clear(self, app: &App, asking: &Asking, params: &Params) -> ApiResult<StatusCode> {
        let (name, uri) = self.read(params)?;
        nothing(app, asking, TaskCall::AssetStateClear { name, uri }).await
    }
}

async fn get_by_name(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<Value>> {
    By::Name.get(&app, &asking, &params).await
}

async fn get_by_uri(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<Value>> {
    By::Uri.get(&app, &asking, &params).await
}

async fn set_by_name(
    State(app): State<App>,
    asking: Asking,
    params: Params,
    Body(given): Body<OfAsset>,
) -> ApiResult<StatusCode> {
    By::Name.set(&app, &asking, &params, given.value).await
}

async fn set_by_uri(
    State(app): State<App>,
    asking: Asking,
    params: Params,
    Body(given): Body<OfAsset>,
) -> ApiResult<StatusCode> {
    By::Uri.set(&app, &asking, &params, given.value).await
}

async fn delete_by_name(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<StatusCode> {
    By::Name.delete(&app, &asking, &params).await
}

async fn delete_by_uri(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<StatusCode> {
    By::Uri.delete(&app, &asking, &params).await
}

async fn clear_by_name(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<StatusCode> {
    By::Name.clear(&app, &asking, &params).await
}

async fn clear_by_uri(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<StatusCode> {
    By::Uri.clear(&app, &asking, &params).await
}
