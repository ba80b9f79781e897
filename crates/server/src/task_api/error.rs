//! What the store's errors mean to workers and tries.

use tradewind_protocol::TaskApiError;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_store::Error;

/// The store's error for a worker. What is not the caller's fault is worth another attempt.
pub fn of_store(error: Error) -> TaskApiError {
    let code = match &error {
        Error::NotFound(_) => ErrorCode::NotFound,
        Error::Exists(_) => ErrorCode::AlreadyExists,
        Error::Invalid(_) => ErrorCode::Invalid,
        _ => {
            tracing::error!(%error, "task API: the database does not answer as it should");
            return TaskApiError::new(ErrorCode::Unavailable, "the database does not answer as it should");
        }
    };
    TaskApiError::new(code, error.to_string())
}

/// There is no such thing.
pub fn not_found(message: impl Into<String>) -> TaskApiError {
    TaskApiError::new(ErrorCode::NotFound, message)
}
