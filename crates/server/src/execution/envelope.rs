//! What lies around every operation: the version, a fresh token in time, ids of requests, and 404 for what is not served.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::PREFIX;
use super::version::{HEADER, Version};
use crate::auth::TryTokens;
use crate::auth::guard::bearer;
use crate::auth::jwt::Scope;
use crate::clock::now;
use crate::http::error::ApiError;
use crate::state::App;

const REFRESHED: HeaderName = HeaderName::from_static("refreshed-api-token");
const CORRELATION: HeaderName = HeaderName::from_static("correlation-id");

/// A token is renewed when it lasts no longer than this, or than a fifth of its time.
const SHORT: i64 = 30;

/// Middleware of all routes; it leaves other APIs' requests alone.
pub async fn envelope(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let headers = request.headers();
    let (token, correlation) = (bearer(headers).map(ToOwned::to_owned), headers.get(CORRELATION).cloned());
    let echoed = headers.get(HEADER).cloned();
    let mut response = match Version::asked(headers) {
        Err(error) => error.into_response(),
        Ok(_) if request.extensions().get::<MatchedPath>().is_none() => {
            ApiError::new(StatusCode::NOT_FOUND, "Not Found").into_response()
        }
        Ok(version) => {
            let text = HeaderValue::from_str(version.as_str()).ok();
            request.extensions_mut().insert(version);
            let mut response = next.run(request).await;
            text.and_then(|text| response.headers_mut().insert(HEADER, text));
            response
        }
    };
    let ok = response.status().is_success();
    let headers = response.headers_mut();
    if let Some(echoed) = echoed {
        headers.insert(HEADER, echoed);
    }
    if let Some(correlation) = correlation {
        headers.insert(CORRELATION, correlation);
    }
    if let Some(fresh) = token.filter(|_| ok).and_then(|token| renewed(&app, &token)) {
        headers.insert(REFRESHED, fresh);
    }
    response
}

/// A new token for a try whose own ends soon.
fn renewed(app: &App, token: &str) -> Option<HeaderValue> {
    let claims = app.tokens.verify(token).ok().filter(|claims| claims.scope == Scope::Try)?;
    let left = claims.exp - now().as_micros() / 1_000_000;
    if left > ((claims.exp - claims.iat) / 5).max(SHORT) {
        return None;
    }
    let lasts: Duration = app.config.try_token_expiration;
    let fresh = TryTokens::new(app.tokens.clone(), lasts).for_try(claims.sub.parse().ok()?);
    HeaderValue::from_str(&fresh).ok()
}
