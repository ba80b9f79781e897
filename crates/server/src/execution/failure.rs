//! Errors in the Execution API's shape: `{"detail": {"reason": …, "message": …}}`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tradewind_protocol::TaskApiError;
use tradewind_protocol::task_api::ErrorCode;

use crate::http::error::ApiError;

/// An error with a reason for programs and a sentence for people.
pub fn failure(status: StatusCode, reason: &str, message: impl Into<String>) -> ApiError {
    ApiError { status, detail: json!({"reason": reason, "message": message.into()}) }
}

/// 404 with its reason.
pub fn not_found(message: impl Into<String>) -> ApiError {
    failure(StatusCode::NOT_FOUND, "not_found", message)
}

/// 403 with its reason.
pub fn denied(message: impl Into<String>) -> ApiError {
    failure(StatusCode::FORBIDDEN, "access_denied", message)
}

/// 409: the task instance is in another state.
pub fn wrong_state(message: &str, state: Option<tradewind_core::TaskState>) -> ApiError {
    let detail = json!({"reason": "invalid_state", "message": message, "previous_state": state});
    ApiError { status: StatusCode::CONFLICT, detail }
}

impl From<TaskApiError> for ApiError {
    fn from(error: TaskApiError) -> Self {
        let (status, reason) = match error.code {
            ErrorCode::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            ErrorCode::AlreadyExists => (StatusCode::CONFLICT, "already_exists"),
            ErrorCode::Invalid => (StatusCode::BAD_REQUEST, "value_error"),
            ErrorCode::Denied => (StatusCode::FORBIDDEN, "access_denied"),
            ErrorCode::Stale => (StatusCode::CONFLICT, "not_running"),
            ErrorCode::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        failure(status, reason, error.message)
    }
}

/// The guard's error as Airflow words it: 401 without a token, 403 with one that is no good.
pub fn refusal(error: ApiError, has_token: bool) -> Response {
    let error = match (error.status, has_token) {
        (StatusCode::UNAUTHORIZED, false) => ApiError::unauthorized("Missing auth token"),
        (StatusCode::UNAUTHORIZED, true) => ApiError::forbidden(match error.detail {
            Value::String(why) => format!("Invalid auth token: {why}"),
            _ => "Invalid auth token".to_owned(),
        }),
        _ => error,
    };
    error.into_response()
}
