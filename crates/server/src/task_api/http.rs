//! The task API over HTTP, for workers that are processes of their own.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tradewind_core::TryId;
use tradewind_protocol::task_api::{ClaimRequest, ErrorCode, FinishTry, Heartbeat, StartTry, WorkerHello};
use tradewind_protocol::{TaskApi, TaskApiError, TaskCall};

use crate::auth::jwt::Claims;
use crate::http::ApiError;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/task-api/v1/register", register)
        .post("/task-api/v1/claim", claim)
        .post("/task-api/v1/heartbeat", heartbeat)
        .post("/task-api/v1/tries/{try_id}/start", start)
        .post("/task-api/v1/tries/{try_id}/finish", finish)
        .post("/task-api/v1/tries/{try_id}/call", call)
        .post("/task-api/v1/tries/{try_id}/rendered", rendered)
        .post("/task-api/v1/tries/{try_id}/log", append_log)
}

/// An error as its JSON and status.
pub(super) struct Failure(TaskApiError);

impl From<TaskApiError> for Failure {
    fn from(error: TaskApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.code {
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::AlreadyExists | ErrorCode::Stale => StatusCode::CONFLICT,
            ErrorCode::Invalid => StatusCode::BAD_REQUEST,
            ErrorCode::Denied => StatusCode::FORBIDDEN,
            ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(self.0)).into_response()
    }
}

/// The guard's error in this API's shape.
pub fn refusal(error: ApiError) -> Response {
    let code = match error.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorCode::Denied,
        StatusCode::SERVICE_UNAVAILABLE => ErrorCode::Unavailable,
        _ => ErrorCode::Invalid,
    };
    let message = error.detail.as_str().map_or_else(|| error.detail.to_string(), ToOwned::to_owned);
    Failure(TaskApiError::new(code, message)).into_response()
}

pub(super) type Answer<T> = Result<Json<T>, Failure>;

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure(TaskApiError::new(ErrorCode::Invalid, error.to_string())))
}

/// The try of the path, if the token is for it.
pub(super) fn own_try(path: &str, claims: &Claims) -> Result<TryId, Failure> {
    let denied = || Failure(TaskApiError::new(ErrorCode::Denied, "this token is for another try"));
    let id: TryId = path.parse().map_err(|message: String| Failure(TaskApiError::new(ErrorCode::Invalid, message)))?;
    // Compared as numbers: a UUID has several spellings.
    if claims.sub.parse::<TryId>() == Ok(id) { Ok(id) } else { Err(denied()) }
}

/// The body names a try as well; it must be the same.
fn same(path: TryId, body: TryId) -> Result<(), Failure> {
    if path == body {
        return Ok(());
    }
    Err(Failure(TaskApiError::new(ErrorCode::Invalid, "path and body name different tries")))
}

async fn register(State(app): State<App>, body: Bytes) -> Answer<impl Serialize> {
    Ok(Json(app.task_api.register(read::<WorkerHello>(&body)?).await?))
}

async fn claim(State(app): State<App>, body: Bytes) -> Answer<impl Serialize> {
    let request = read::<ClaimRequest>(&body)?;
    tokio::select! {
        claimed = app.task_api.claim(request) => Ok(Json(claimed?)),
        () = app.closing.cancelled() => Ok(Json(Vec::new())),
    }
}

async fn heartbeat(State(app): State<App>, body: Bytes) -> Answer<impl Serialize> {
    Ok(Json(app.task_api.heartbeat(read::<Heartbeat>(&body)?).await?))
}

async fn start(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<impl Serialize> {
    let id = own_try(&try_id, &claims)?;
    let start = read::<StartTry>(&body)?;
    same(id, start.try_id)?;
    Ok(Json(app.task_api.start("", start).await?))
}

async fn finish(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<impl Serialize> {
    let id = own_try(&try_id, &claims)?;
    let finish = read::<FinishTry>(&body)?;
    same(id, finish.try_id)?;
    Ok(Json(app.task_api.finish("", finish).await?))
}

async fn call(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<Value> {
    let id = own_try(&try_id, &claims)?;
    Ok(Json(app.task_api.call("", id, read::<TaskCall>(&body)?).await?))
}

async fn rendered(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<()> {
    let id = own_try(&try_id, &claims)?;
    Ok(Json(app.task_api.rendered("", id, read::<Map<String, Value>>(&body)?).await?))
}

/// Where in the log the lines go.
#[derive(Deserialize)]
struct Place {
    offset: u64,
}

async fn append_log(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    Query(place): Query<Place>,
    body: Bytes,
) -> Answer<()> {
    let id = own_try(&try_id, &claims)?;
    Ok(Json(app.task_api.append_log("", id, place.offset, body.to_vec()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::jwt::Scope;

    #[test]
    fn a_token_is_good_for_its_own_try_only() {
        let id = TryId { ti_id: 7, try_number: 2 };
        let claims = Claims { sub: id.to_string(), scope: Scope::Try, iat: 0, exp: 1, jti: None, iss: None, aud: None };
        assert_eq!(own_try(&id.to_string().to_uppercase(), &claims).ok(), Some(id));
        let other = TryId { ti_id: 7, try_number: 3 };
        let Err(Failure(error)) = own_try(&other.to_string(), &claims) else { panic!("another try's token") };
        assert_eq!(error.code, ErrorCode::Denied);
    }
}
