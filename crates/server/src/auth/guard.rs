//! The guard before every route: finds out who asks, looks the route up in the permission matrix, and refuses
//! what the matrix does not allow.

use std::sync::Arc;

use axum::RequestExt as _;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tradewind_store::{Visible, seeing};

use super::ANONYMOUS;
use super::jwt::{Claims, Scope};
use super::permission::{Access, access};
use super::rights::{Action, Resource, Rights};
use super::role::ADMIN;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;
use crate::task_api;

/// Name of the session cookie.
pub const COOKIE: &str = "_token";

/// Header that the web interface sends with every changing request; other sites' pages cannot.
pub const CSRF_HEADER: &str = "x-tradewind-request";

/// Who asks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// User name.
    pub name: String,
    /// Names of their roles at this moment.
    pub roles: Arc<[String]>,
    /// What those may do.
    pub rights: Arc<Rights>,
    /// How they proved it.
    pub via: Via,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// `Authorization: Bearer …`.
    Header,
    /// The session cookie of the web interface.
    Cookie,
    /// Not at all: everybody is an administrator.
    AllAdmins,
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::unauthorized("log in first"))
    }
}

/// Middleware of all routes.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match admit(&app, &mut request).await {
        Ok(Visible::All) => next.run(request).await,
        Ok(visible) => seeing(visible, next.run(request)).await,
        Err(error) if request.uri().path().starts_with("/task-api/") => task_api::http::refusal(error),
        Err(error) => error.into_response(),
    }
}

/// Answers what the handler may see of what the database has.
async fn admit(app: &App, request: &mut Request) -> ApiResult<Visible> {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return Ok(Visible::All) };
    let method = request.method().clone();
    let (needs, of): (&[Action], Resource) = match access(&method, path.as_str()) {
        Some(Access::Open) => return Ok(Visible::All),
        Some(Access::LoggedIn) => {
            let who = user(app, &method, request.headers()).await?;
            let visible = who.rights.visible(Action::Read, Resource::Dag);
            request.extensions_mut().insert(who);
            return Ok(visible);
        }
        Some(Access::May(Action::Read, of)) => (&[Action::Read], of),
        Some(Access::May(Action::Create, of)) => (&[Action::Create], of),
        Some(Access::May(Action::Edit, of)) => (&[Action::Edit], of),
        Some(Access::May(Action::Delete, of)) => (&[Action::Delete], of),
        Some(Access::May(Action::Menu, of)) => (&[Action::Menu], of),
        Some(Access::Bulk(of)) => (&[Action::Edit, Action::Create, Action::Delete], of),
        Some(Access::Try) => {
            let claims = scoped(app, request.headers(), Scope::Try)?;
            request.extensions_mut().insert(claims);
            return Ok(Visible::All);
        }
        Some(Access::Worker) => {
            let claims = scoped(app, request.headers(), Scope::Worker)?;
            request.extensions_mut().insert(claims);
            return Ok(Visible::All);
        }
        None => return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")),
    };
    let who = user(app, &method, request.headers()).await?;
    let dag_id = if path.as_str().contains("{dag_id}") { named_dag(request).await } else { None };
    for action in needs {
        if !who.rights.may(*action, of, dag_id.as_deref()) {
            let what = dag_id.as_ref().map_or_else(String::new, |dag_id| format!(" of DAG '{dag_id}'"));
            return Err(ApiError::forbidden(format!(
                "{} has the roles {}; this needs {} on {of}{what}",
                who.name,
                if who.roles.is_empty() { "none".to_owned() } else { who.roles.join(", ") },
                action.as_str(),
            )));
        }
    }
    let visible = match dag_id {
        // The DAG may be changed; what else the answer shows must only be readable.
        Some(_) => who.rights.visible(Action::Read, Resource::Dag),
        None => who.rights.visible(needs[0], of),
    };
    request.extensions_mut().insert(who);
    Ok(visible)
}

/// The user of a request; changes must not come from other sites' pages.
async fn user(app: &App, method: &Method, headers: &HeaderMap) -> ApiResult<Identity> {
    let who = identify(app, headers).await?;
    if changes(method) && who.via != Via::Header {
        same_site(headers, who.via)?;
    }
    Ok(who)
}

/// The DAG that the path names; `~` names none.
async fn named_dag(request: &mut Request) -> Option<String> {
    let params = request.extract_parts::<RawPathParams>().await.ok()?;
    let named = params.iter().find(|(name, _)| *name == "dag_id").map(|(_, value)| value.to_owned());
    named.filter(|dag_id| dag_id != "~")
}

/// Finds the user behind a request.
///
/// # Errors
/// 401 without a good token.
pub async fn identify(app: &App, headers: &HeaderMap) -> ApiResult<Identity> {
    let (token, via) = match (bearer(headers), cookie(headers)) {
        (Some(token), _) => (token, Via::Header),
        (None, Some(token)) => (token, Via::Cookie),
        (None, None) if app.config.all_admins => return Ok(anonymous(Via::AllAdmins)),
        (None, None) => return Err(ApiError::unauthorized("Not authenticated")),
    };
    let claims = match app.tokens.verify(token) {
        Ok(claims) if claims.scope == Scope::User => claims,
        // A cookie from before a restart must not lock anybody out of a server without logins.
        _ if app.config.all_admins && via == Via::Cookie => return Ok(anonymous(Via::AllAdmins)),
        Ok(_) => return Err(ApiError::unauthorized("this token is for the task API")),
        Err(error) => return Err(ApiError::unauthorized(error.to_string())),
    };
    if claims.sub == ANONYMOUS {
        if app.config.all_admins {
            return Ok(anonymous(via));
        }
        return Err(ApiError::unauthorized("this token was for everybody; now users log in with their names"));
    }
    match app.users.find(&app.store, &claims.sub).await? {
        Some(known) => Ok(Identity { name: claims.sub, roles: known.roles, rights: known.rights, via }),
        None => Err(ApiError::unauthorized("this user does not exist any more or is not active")),
    }
}

fn anonymous(via: Via) -> Identity {
    Identity { name: ANONYMOUS.to_owned(), roles: [ADMIN.to_owned()].into(), rights: Rights::everything().into(), via }
}

fn scoped(app: &App, headers: &HeaderMap, scope: Scope) -> ApiResult<Claims> {
    let token = bearer(headers).ok_or_else(|| ApiError::unauthorized("Not authenticated"))?;
    let claims = app.tokens.verify(token).map_err(|error| ApiError::unauthorized(error.to_string()))?;
    if claims.scope == scope { Ok(claims) } else { Err(ApiError::forbidden("this token is for something else")) }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses changes that a page of another site makes in the user's name: a cookie (and a server without logins)
/// would take them for the user's own.
pub fn same_site(headers: &HeaderMap, via: Via) -> ApiResult<()> {
    if headers.contains_key(CSRF_HEADER) {
        return Ok(());
    }
    if via == Via::Cookie {
        return Err(ApiError::forbidden(
            "requests that change something with the session cookie need X-Tradewind-Request",
        ));
    }
    // Programs send neither of these headers; browsers send both, and pages cannot forge them.
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let foreign_site = text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let foreign_origin = match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").map(|(_, rest)| rest) != Some(host),
        (Some(_), None) => true,
        (None, _) => false,
    };
    if foreign_site || foreign_origin {
        return Err(ApiError::forbidden("requests from pages of other sites are refused"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect::<Vec<_>>().into_iter().collect()
    }

    #[test]
    fn finds_the_token_in_header_or_cookie() {
        assert_eq!(bearer(&headers(&[("authorization", "bearer  abc ")])), Some("abc"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic abc")])), None);
        assert_eq!(cookie(&headers(&[("cookie", "a=1; _token=xyz;b=2")])), Some("xyz"));
        assert_eq!(cookie(&headers(&[("cookie", "x_token=xyz")])), None);
    }

    #[test]
    fn other_sites_pages_change_nothing() {
        let refused = |via, pairs: &[(&'static str, &'static str)]| same_site(&headers(pairs), via).is_err();
        assert!(refused(Via::Cookie, &[]));
        assert!(!refused(Via::Cookie, &[("x-tradewind-request", "1")]));
        assert!(!refused(Via::AllAdmins, &[]));
        assert!(refused(Via::AllAdmins, &[("sec-fetch-site", "cross-site")]));
        assert!(refused(Via::AllAdmins, &[("origin", "http://evil.example"), ("host", "localhost:8080")]));
        assert!(!refused(Via::AllAdmins, &[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
    }
}
