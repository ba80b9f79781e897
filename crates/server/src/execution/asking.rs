//! Whose token a request has: a try, and nothing but that try.

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use tradewind_core::TryId;
use tradewind_protocol::{TaskCall, TaskReply};

use super::failure::denied;
use crate::auth::jwt::Claims;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;
use crate::task_api::Caller;

/// The try of the token. If the path names a task instance, it is this one.
#[derive(Clone, Copy, Debug)]
pub struct Own(pub TryId);

impl FromRequestParts<App> for Own {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        let claims = parts.extensions.get::<Claims>();
        let own: Option<TryId> = claims.and_then(|claims| claims.sub.parse().ok());
        let own = own.ok_or_else(|| ApiError::forbidden("Invalid auth token"))?;
        let Ok(params) = parts.extract::<RawPathParams>().await else { return Ok(Self(own)) };
        let named = params.iter().find(|(name, _)| *name == "task_instance_id").map(|(_, value)| value);
        match named.map(|text| (uuid::Uuid::parse_str(text), text)) {
            Some((Err(error), _)) => {
                Err(ApiError::invalid("uuid_parsing", &["path", "task_instance_id"], error.to_string()))
            }
            Some((Ok(_), text)) if text.parse::<TryId>() != Ok(own) => {
                Err(ApiError::new(StatusCode::FORBIDDEN, "Token subject does not match task instance ID"))
            }
            _ => Ok(Self(own)),
        }
    }
}

/// A try that may ask for things: it runs, or has ended a short while ago.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Who asks.
    pub caller: Caller,
}

impl FromRequestParts<App> for Asking {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Own(id) = Own::from_request_parts(parts, app).await?;
        match app.task_api.caller(id).await {
            Ok(caller) => Ok(Self { caller }),
            Err(error) if error.code == tradewind_protocol::task_api::ErrorCode::Stale => Err(denied(error.message)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Asking {
    /// Asks the task API.
    ///
    /// # Errors
    /// Its errors, in this API's shape.
    pub async fn ask(&self, app: &App, call: TaskCall) -> ApiResult<TaskReply> {
        Ok(app.task_api.respond(&self.caller, call).await?)
    }
}
