//! JSON request bodies: 422 with the place of what is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::ApiError;
use crate::config::Patience;

/// A JSON body read into `T`. The content type is not looked at, like most servers do.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = whole(request, state).await?;
        read(&bytes).map(Body)
    }
}

/// The whole body of a request.
///
/// # Errors
/// 413 for one that is too large, 408 for a client that takes too long to send it.
pub async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let late = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time");
    let patience = request.extensions().get::<Patience>().copied().unwrap_or_default().body;
    tokio::time::timeout(patience, Bytes::from_request(request, state)).await.map_err(late)?.map_err(|error| {
        let status = error.status();
        let detail = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "the request body is too large".to_owned(),
            _ => error.body_text(),
        };
        ApiError::new(status, detail)
    })
}

/// Reads JSON, saying where it is wrong.
///
/// # Errors
/// 422 with `loc` leading to the field.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty() {
        return Err(ApiError::invalid("missing", &["body"], "a JSON body is required"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize(&mut json) {
        Ok(value) => match json.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(ApiError::invalid("json_invalid", &["body"], error.to_string())),
        },
        Err(error) => Err(explain(&error)),
    }
}

/// Turns serde's words into FastAPI's shape.
fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    use serde_json::error::Category;
    let message = error.inner().to_string();
    // "… at line 1 column 2" is of no use to callers whose JSON was written by a library.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    if error.inner().classify() != Category::Data {
        return ApiError::invalid("json_invalid", &["body"], error.inner().to_string());
    }
    let mut loc = vec![json!("body")];
    for segment in error.path() {
        match segment {
            serde_path_to_error::Segment::Seq { index } => loc.push(json!(index)),
            serde_path_to_error::Segment::Map { key } => loc.push(json!(key)),
            serde_path_to_error::Segment::Enum { variant } => loc.push(json!(variant)),
            serde_path_to_error::Segment::Unknown => {}
        }
    }
    let quoted = || message.split('`').nth(1).unwrap_or_default().to_owned();
    let (kind, msg) = if message.starts_with("missing field") {
        loc.push(json!(quoted()));
        ("missing", "this field is required".to_owned())
    } else if message.starts_with("unknown field") {
        if loc.last() != Some(&json!(quoted())) {
            loc.push(json!(quoted()));
        }
        ("extra_forbidden", message.to_owned())
    } else {
        ("value_error", message.to_owned())
    };
    ApiError { status: StatusCode::UNPROCESSABLE_ENTITY, detail: json!([{"type": kind, "loc": loc, "msg": msg}]) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its presence matters")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only its type matters")]
        items: Vec<u8>,
    }

    fn loc(text: &str) -> (String, String) {
        let error = read::<Sample>(text.as_bytes()).unwrap_err();
        assert_eq!(error.status, StatusCode::UNPROCESSABLE_ENTITY);
        (error.detail[0]["loc"].to_string(), error.detail[0]["type"].as_str().unwrap().into())
    }

    #[test]
    fn says_where_a_body_is_wrong() {
        assert_eq!(loc("{}"), (r#"["body","name"]"#.into(), "missing".into()));
        assert_eq!(loc(r#"{"name":"a","items":[1,"x"]}"#), (r#"["body","items",1]"#.into(), "value_error".into()));
        assert_eq!(loc(r#"{"name":"a","nme":1}"#), (r#"["body","nme"]"#.into(), "extra_forbidden".into()));
        assert_eq!(loc("{"), (r#"["body"]"#.into(), "json_invalid".into()));
        assert_eq!(loc(""), (r#"["body"]"#.into(), "missing".into()));
    }
}
