//! The REST APIs of older Airflow: `/api/v1` of Airflow 2 and the experimental API of Airflow 1.10.
//!
//! Nothing is done here: a request is written anew as requests to `/api/v2`, sent through the same router with the same
//! guard and permission matrix, and its answer is put into the older shape. Besides tokens these APIs take a user name
//! and password with every request (basic authentication).

mod ask;
mod experimental;
mod logins;
mod v1;
mod v1_assets;
mod v1_shape;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, RawPathParams, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};

use self::ask::{Asked, Client, Fault};
use self::logins::Logins;
use crate::http::body::whole;
use crate::state::App;

/// The routes of the older APIs, in front of `newer`.
pub fn routes(app: &App, newer: Router, largest_body: usize) -> Router {
    let logins = Arc::new(Logins::default());
    let of = |era: Era| {
        let (app, newer, logins) = (app.clone(), newer.clone(), Arc::clone(&logins));
        move |path: RawPathParams, request: Request| {
            let (app, newer, logins) = (app.clone(), newer.clone(), Arc::clone(&logins));
            async move { answer(era, &app, (newer, &logins), &path, request).await }
        }
    };
    Router::new()
        .route("/api/v1/{*path}", any(of(Era::Two)))
        .route("/api/experimental/{*path}", any(of(Era::One)))
        .layer(DefaultBodyLimit::max(largest_body))
}

/// Whose API.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    /// Airflow 1.10: `/api/experimental`
    One,
    /// Airflow 2: `/api/v1`
    Two,
}

async fn answer(era: Era, app: &App, newer: (Router, &Logins), path: &RawPathParams, request: Request) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let headers = request.headers().clone();
    let client = match Client::new(app, newer, &headers, request.extensions().get().copied()).await {
        Ok(client) => client,
        Err(fault) => return refusal(era, fault),
    };
    let body = match whole(request, app).await {
        Ok(body) => body,
        Err(error) => return refusal(era, error.into()),
    };
    // One wildcard holds the whole path, with its escapes undone.
    let text = path.iter().next().map(|(_, value)| value.trim_matches('/').to_owned()).unwrap_or_default();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&uri).map(|Query(pairs)| pairs).unwrap_or_default();
    let body = match body.is_empty() {
        true => Value::Null,
        false => match serde_json::from_slice(&body) {
            Ok(body) => body,
            Err(error) => {
                return refusal(era, Fault::new(StatusCode::BAD_REQUEST, format!("the body is no JSON: {error}")));
            }
        },
    };
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*").to_owned();
    let asked = Asked { method, path: text, query, body, accept };
    let done = match era {
        Era::One => experimental::answer(&client, asked).await,
        Era::Two => v1::answer(&client, asked).await,
    };
    done.unwrap_or_else(|fault| refusal(era, fault))
}

/// An error in the shape of its era.
fn refusal(era: Era, fault: Fault) -> Response {
    let detail = match &fault.detail {
        Value::String(text) => text.clone(),
        // The places of a body or query that are wrong.
        Value::Array(places) => places.iter().map(place).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    };
    // What is not well formed was 400 then.
    let status = if fault.status == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { fault.status };
    let (kind, body) = match era {
        Era::One => ("application/json", json!({"error": detail})),
        Era::Two => (
            "application/problem+json",
            json!({"title": status.canonical_reason(), "status": status.as_u16(), "type": "about:blank", "detail": detail}),
        ),
    };
    let mut response = (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Basic"));
    }
    response
}

fn place(place: &Value) -> String {
    let names: Vec<String> = place["loc"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| match part {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        })
        .collect();
    format!("{}: {}", names.join("."), place["msg"].as_str().unwrap_or_default())
}
