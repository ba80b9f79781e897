//! Datasets of Airflow 2, which are assets now: they were named by their URIs.

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::ask::{Asked, Client, Fault, escaped};
use super::v1_shape::{Shape, list, one};

/// Answers requests below `/datasets` and `/dags/{dag_id}/datasets`.
///
/// # Errors
/// What the newer API answers instead of a success; 404 for datasets that are not there.
pub async fn answer(client: &Client, asked: &Asked, parts: &[&str]) -> Result<Response, Fault> {
    let mut query: Vec<(String, String)> = asked
        .query
        .iter()
        .flat_map(|(name, value)| match name.as_str() {
            "dataset_id" => vec![("asset_id".to_owned(), value.clone())],
            "dag_ids" => value.split(',').map(|one| (name.clone(), one.trim().to_owned())).collect(),
            _ => vec![(name.clone(), value.clone())],
        })
        .collect();
    if asked.query("limit").is_none() && !parts.contains(&"queuedEvent") {
        query.push(("limit".into(), "100".into()));
    }
    let get = async |path: String| client.ask(Method::GET, &path, &query, &Value::Null).await;
    let shaped = match (asked.method.as_str(), parts) {
        ("GET", ["datasets"]) => list(Shape::Dataset, ("datasets", "assets"), &get("assets".into()).await?),
        ("GET", ["datasets", "events"]) => {
            list(Shape::DatasetEvent, ("dataset_events", "asset_events"), &get("assets/events".into()).await?)
        }
        ("POST", ["datasets", "events"]) => {
            let uri = asked.body["dataset_uri"].as_str().ok_or_else(|| Fault::bad_request("dataset_uri is missing"))?;
            let body = json!({"asset_id": asset_id(client, uri).await?, "extra": extra(&asked.body)});
            one(Shape::DatasetEvent, &client.ask(Method::POST, "assets/events", &[], &body).await?)
        }
        (_, ["datasets", "queuedEvent", uri @ ..]) => {
            let id = asset_id(client, &uri.join("/")).await?;
            return queued(client, asked, format!("assets/{id}/queuedEvents"), &query).await;
        }
        (_, ["dags", dag, "datasets", "queuedEvent"]) => {
            return queued(client, asked, format!("dags/{}/assets/queuedEvents", escaped(dag)), &query).await;
        }
        (_, ["dags", dag, "datasets", "queuedEvent", uri @ ..]) => {
            let id = asset_id(client, &uri.join("/")).await?;
            return queued(client, asked, format!("dags/{}/assets/{id}/queuedEvents", escaped(dag)), &query).await;
        }
        ("GET", ["datasets", uri @ ..]) => {
            let id = asset_id(client, &uri.join("/")).await?;
            one(Shape::Dataset, &client.get(&format!("assets/{id}")).await?)
        }
        _ => return Err(Fault::not_found(format!("this server's /api/v1 has no {} /{}", asked.method, asked.path))),
    };
    Ok(Json(shaped).into_response())
}

fn extra(body: &Value) -> Value {
    if body["extra"].is_object() { body["extra"].clone() } else { json!({}) }
}

/// The number of the asset with a URI.
async fn asset_id(client: &Client, uri: &str) -> Result<i64, Fault> {
    let query = [("uri_prefix_pattern".to_owned(), uri.to_owned()), ("limit".to_owned(), "100".to_owned())];
    let found = client.ask(Method::GET, "assets", &query, &Value::Null).await?;
    let asset = found["assets"].as_array().into_iter().flatten().find(|asset| asset["uri"] == uri);
    let id = asset.and_then(|asset| asset["id"].as_i64());
    id.ok_or_else(|| Fault::not_found(format!("there is no dataset with the URI '{uri}'")))
}

async fn queued(client: &Client, asked: &Asked, path: String, query: &[(String, String)]) -> Result<Response, Fault> {
    let done = client.ask(asked.method.clone(), &path, query, &Value::Null).await?;
    if asked.method == Method::DELETE {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut uris: Vec<(i64, Value)> = Vec::new();
    let single = done.get("queued_events").is_none();
    let events: Vec<Value> = match done["queued_events"].as_array() {
        Some(events) => events.clone(),
        None => vec![done.clone()],
    };
    let mut shaped = Vec::with_capacity(events.len());
    for event in events {
        let id = event["asset_id"].as_i64().unwrap_or_default();
        if uris.iter().all(|(known, _)| *known != id) {
            uris.push((id, client.get(&format!("assets/{id}")).await?["uri"].clone()));
        }
        let uri = uris.iter().find(|(known, _)| *known == id).map(|(_, uri)| uri.clone());
        shaped.push(json!({"uri": uri, "dag_id": event["dag_id"], "created_at": event["created_at"]}));
    }
    let body = match shaped.as_slice() {
        [one] if single => one.clone(),
        all => json!({"queued_events": all, "total_entries": all.len()}),
    };
    Ok(Json(body).into_response())
}
