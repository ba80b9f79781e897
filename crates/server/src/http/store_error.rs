//! What a failing database means to a client.

use axum::http::StatusCode;

use super::error::ApiError;

impl From<tradewind_store::Error> for ApiError {
    /// What the client asked for wrongly keeps its words; for everything else nothing in the request is wrong, the
    /// cause goes to the log, and clients learn no table names.
    fn from(error: tradewind_store::Error) -> Self {
        use tradewind_store::Error;
        match error {
            Error::NotFound(detail) => Self::not_found(detail),
            Error::Exists(detail) => Self::conflict(detail),
            Error::Invalid(detail) => Self::bad_request(detail),
            Error::Secret(detail) => Self::conflict(detail),
            error => {
                tracing::error!(%error, "database");
                let detail = "the database does not answer as it should; see the api-server's log";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            }
        }
    }
}

/// A timetable that Python computes did not answer.
impl From<tradewind_store::AskError> for ApiError {
    fn from(error: tradewind_store::AskError) -> Self {
        use tradewind_store::AskError;
        match error {
            AskError::Failed { .. } => Self::bad_request(error.to_string()),
            AskError::Silence { .. } => Self::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            AskError::Store(error) => error.into(),
        }
    }
}
