//! Refusals keep to the OpenAPI document: a status that an operation's clients know, with a body that they can read.
//!
//! Handlers say what is wrong: 400 when a request makes no sense. Where Airflow's document names no 400 but a 422, that
//! is what clients get, and its body has the form that the document gives it.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::ApiError;
use crate::api::openapi::DOCUMENT;

/// Refusals are short.
const LARGEST: usize = 64 * 1024;

/// What an operation may answer.
#[derive(Clone, Copy)]
struct Known {
    bad_request: bool,
    not_found: bool,
    /// The detail of a 422 is a sentence instead of a list of places.
    sentence: bool,
}

static OPERATIONS: LazyLock<HashMap<String, Known>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| {
            let responses = &operation["responses"];
            let schema = &responses["422"]["content"]["application/json"]["schema"]["$ref"];
            let known = Known {
                bad_request: responses.get("400").is_some(),
                not_found: responses.get("404").is_some(),
                sentence: schema == "#/components/schemas/HTTPExceptionResponse",
            };
            (plain(method, path), known)
        })
    });
    operations.collect()
});

/// Method and path with the names of parameters taken out, for they may differ between routes and document.
pub fn plain(method: &str, path: &str) -> String {
    let segment = |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    format!("{} {}", method.to_uppercase(), path.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

/// Middleware of all routes.
pub async fn keep(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let known = path.and_then(|path| OPERATIONS.get(&plain(request.method().as_str(), path.as_str()))).copied();
    let response = next.run(request).await;
    let Some(known) = known else { return response };
    match response.status() {
        StatusCode::BAD_REQUEST if !known.bad_request || !is_json(&response) => {}
        StatusCode::NOT_FOUND if !known.not_found => {}
        StatusCode::UNPROCESSABLE_ENTITY if known.sentence => {}
        _ => return response,
    }
    let text = to_bytes(response.into_body(), LARGEST).await.unwrap_or_default();
    let detail = match serde_json::from_slice::<Value>(&text) {
        Ok(mut body) => body["detail"].take(),
        // What a path has in it is not what it should be.
        Err(_) => Value::String(String::from_utf8_lossy(&text).into_owned()),
    };
    let detail = if known.sentence { sentence(detail) } else { places(detail) };
    ApiError { status: StatusCode::UNPROCESSABLE_ENTITY, detail }.into_response()
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

fn places(detail: Value) -> Value {
    match detail {
        Value::Array(places) => Value::Array(places),
        Value::String(msg) => json!([{"type": "value_error", "loc": ["path"], "msg": msg}]),
        other => json!([{"type": "value_error", "loc": ["path"], "msg": other.to_string()}]),
    }
}

fn sentence(detail: Value) -> Value {
    let place = |place: &Value| {
        let names = place["loc"].as_array().into_iter().flatten();
        let names: Vec<String> = names.map(|name| name.as_str().map_or(name.to_string(), ToOwned::to_owned)).collect();
        format!("{}: {}", names.join("."), place["msg"].as_str().unwrap_or_default())
    };
    match detail {
        Value::Array(places) => Value::String(places.iter().map(place).collect::<Vec<_>>().join("; ")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_known_by_their_plain_names() {
        let of = |method: &str, path: &str| OPERATIONS[&plain(method, path)];
        assert!(of("GET", "/api/v2/dags/{dag_id}/dagRuns").bad_request);
        assert!(!of("get", "/api/v2/pools").bad_request);
        assert!(of("POST", "/api/v2/connections/enqueue-test").sentence);
        let detail = json!([{"type": "t", "loc": ["body", "port", 1], "msg": "too large"}]);
        assert_eq!(sentence(detail.clone()), "body.port.1: too large");
        assert_eq!(places(detail.clone()), detail);
        assert_eq!(places("no".into())[0]["msg"], "no");
    }
}
