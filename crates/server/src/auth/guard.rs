//! The guard before every route: finds out who asks, looks the route up in the permission matrix, and refuses
//! what the matrix does not allow.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::RequestExt as _;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tradewind_store::{Visible, seeing};

use super::ANONYMOUS;
use super::config::AuthConfig;
use super::jwks::{ASYMMETRIC, Expected};
use super::jwt::{Claims, Scope, TokenError};
use super::permission::{Access, access};
use super::rights::{Action, Resource, Rights};
use super::role::ADMIN;
use crate::events::{Event, watched};
use crate::execution;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;
use crate::task_api;
use crate::users::Known;

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
    /// From where they ask.
    pub from: Option<IpAddr>,
}

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// From where a request comes: the peer, or whom trusted proxies name.
#[derive(Clone, Copy, Debug)]
pub struct From(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// `Authorization: Bearer …`.
    Header,
    /// The session cookie of the web interface.
    Cookie,
    /// A proxy before this server says so.
    Proxy,
    /// Not at all: everybody is an administrator, or a guest.
    Nothing,
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::unauthorized("log in first"))
    }
}

/// Middleware of all routes.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let from = From(origin(&app.config.auth, request.headers(), peer));
    request.extensions_mut().insert(from);
    match admit(&app, &mut request, peer).await {
        Ok(visible) => {
            let audit = audited(&request);
            let answer = match visible {
                Visible::All => watched(next.run(request)).await,
                visible => watched(seeing(visible, next.run(request))).await,
            };
            match (answer, audit) {
                ((response, false), Some((event, who))) if response.status().is_success() => {
                    record_rest(&app, event, &who).await;
                    response
                }
                ((response, _), _) => response,
            }
        }
        Err(error) if request.uri().path().starts_with("/task-api/") => task_api::http::refusal(error),
        Err(error) if request.uri().path().starts_with(execution::PREFIX) => {
            execution::refusal(error, bearer(request.headers()).is_some())
        }
        Err(error) => error.into_response(),
    }
}

/// Answers what the handler may see of what the database has.
async fn admit(app: &App, request: &mut Request, peer: Option<IpAddr>) -> ApiResult<Visible> {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return Ok(Visible::All) };
    let method = request.method().clone();
    let (needs, of): (&[Action], Resource) = match access(&method, path.as_str()) {
        Some(Access::Open) => return Ok(Visible::All),
        Some(Access::LoggedIn) => {
            let who = user(app, request, peer).await?;
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
    let who = user(app, request, peer).await?;
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
async fn user(app: &App, request: &mut Request, peer: Option<IpAddr>) -> ApiResult<Identity> {
    let from = request.extensions().get::<From>().and_then(|from| from.0);
    let (method, headers) = (request.method().clone(), request.headers());
    let who = Identity { from, ..identify(app, headers, peer).await? };
    if changes(&method) && who.via != Via::Header {
        same_site(headers, who.via)?;
    }
    Ok(who)
}

/// From where a request comes. Each proxy adds whom it heard, on the right; what stands further to the left than there
/// are proxies was written by who asks.
pub fn origin(config: &AuthConfig, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
    let trusted = peer.is_some_and(|peer| config.trusted_proxies.iter().any(|network| network.has(peer)));
    if !trusted {
        return peer;
    }
    let texts = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).collect();
    let named = hops.len().checked_sub(config.proxy_hops).and_then(|index| hops.get(index));
    named.and_then(|address| address.parse().ok()).or(peer)
}

/// The event of a change, for handlers that leave no row of their own: no change goes without one.
fn audited(request: &Request) -> Option<(String, Identity)> {
    let path = request.extensions().get::<MatchedPath>()?;
    let what = match access(request.method(), path.as_str())? {
        Access::May(Action::Read | Action::Menu, _) => return None,
        Access::May(..) | Access::Bulk(_) if changes(request.method()) => path.as_str(),
        _ => return None,
    };
    if what.ends_with("/dry_run") {
        return None;
    }
    let who = request.extensions().get::<Identity>()?.clone();
    Some((format!("{} {what}", request.method()), who))
}

async fn record_rest(app: &App, event: String, who: &Identity) {
    let extra = serde_json::json!({"route": event});
    if let Err(error) = app.record(Event::new("rest_change", who).extra(extra)).await {
        tracing::error!(?error, event, "a change can't be written to the event log");
    }
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
pub async fn identify(app: &App, headers: &HeaderMap, peer: Option<IpAddr>) -> ApiResult<Identity> {
    let header = bearer(headers);
    if header.is_none()
        && let Some(proxy) = &app.proxy
        && let Some(username) = proxy.user(app, headers, peer).await?
    {
        return account(app, username, Via::Proxy).await;
    }
    let (token, via) = match (header, cookie(headers, COOKIE)) {
        (Some(token), _) => (token, Via::Header),
        (None, Some(token)) => (token, Via::Cookie),
        (None, None) => return nobody(app).await,
    };
    let claims = match app.tokens.verify(token) {
        Ok(claims) if claims.scope == Scope::User => claims,
        Err(TokenError::Invalid) if app.trusted_keys.is_some() && via == Via::Header => {
            return account(app, foreign(app, token).await?, via).await;
        }
        // Who has been here before may be a guest again.
        Err(_) if via == Via::Cookie && app.config.auth.public_role.is_some() => return nobody(app).await,
        // A cookie from before a restart must not lock anybody out of a server without logins.
        _ if app.config.all_admins && via == Via::Cookie => return Ok(anonymous(Via::Nothing)),
        Ok(_) => return Err(ApiError::unauthorized("this token is for the task API")),
        Err(error) => return Err(ApiError::unauthorized(error.to_string())),
    };
    if claims.sub == ANONYMOUS {
        if app.config.all_admins {
            return Ok(anonymous(via));
        }
        return Err(ApiError::unauthorized("this token was for everybody; now users log in with their names"));
    }
    if let Some(jti) = &claims.jti
        && app.revoked.has(&app.store, jti).await?
    {
        return Err(ApiError::unauthorized("this token was taken back: log in again"));
    }
    let known = known(app, &claims.sub).await?;
    // Whole seconds on one side: a token of the very second in which the password was changed is good.
    if claims.iat < known.tokens_valid_from.as_micros() / 1_000_000 {
        return Err(ApiError::unauthorized("the password was changed since: log in again"));
    }
    Ok(Identity { name: claims.sub, roles: known.roles, rights: known.rights, via, from: None })
}

async fn known(app: &App, username: &str) -> ApiResult<Known> {
    let known = app.users.find(&app.store, username).await?;
    known.ok_or_else(|| ApiError::unauthorized("this user does not exist any more or is not active"))
}

async fn account(app: &App, name: String, via: Via) -> ApiResult<Identity> {
    let known = known(app, &name).await?;
    Ok(Identity { name, roles: known.roles, rights: known.rights, via, from: None })
}

/// Who does not log in.
async fn nobody(app: &App) -> ApiResult<Identity> {
    if app.config.all_admins {
        return Ok(anonymous(Via::Nothing));
    }
    let Some(role) = &app.config.auth.public_role else { return Err(ApiError::unauthorized("Not authenticated")) };
    let known = app.users.of_roles(&app.store, std::slice::from_ref(role)).await?;
    let name = ANONYMOUS.to_owned();
    Ok(Identity { name, roles: known.roles, rights: known.rights, via: Via::Nothing, from: None })
}

/// The user of a token that somebody else made: `[api_auth] trusted_jwks_url`.
async fn foreign(app: &App, token: &str) -> ApiResult<String> {
    #[derive(serde::Deserialize)]
    struct Foreign {
        sub: String,
    }
    let Some(keys) = &app.trusted_keys else { return Err(ApiError::unauthorized("the token is not valid")) };
    let config = &app.config.auth.jwt;
    let (issuers, audiences): (Vec<&str>, Vec<&str>) =
        (config.issuer.iter().map(String::as_str).collect(), config.audience.iter().map(String::as_str).collect());
    let expected =
        Expected { issuers: &issuers, audiences: &audiences, algorithms: ASYMMETRIC, leeway: config.leeway.as_secs() };
    let said: Foreign = keys.verify(token, expected).await.map_err(|error| {
        tracing::debug!(%error, "a token is refused");
        ApiError::unauthorized("the token is not valid")
    })?;
    Ok(said.sub)
}

fn anonymous(via: Via) -> Identity {
    Identity {
        from: None,
        name: ANONYMOUS.to_owned(),
        roles: [ADMIN.to_owned()].into(),
        rights: Rights::everything().into(),
        via,
    }
}

fn scoped(app: &App, headers: &HeaderMap, scope: Scope) -> ApiResult<Claims> {
    let token = bearer(headers).ok_or_else(|| ApiError::unauthorized("Not authenticated"))?;
    let claims = app.tokens.verify(token).map_err(|error| ApiError::unauthorized(error.to_string()))?;
    if claims.scope == scope { Ok(claims) } else { Err(ApiError::forbidden("this token is for something else")) }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == wanted).map(|(_, value)| value)
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
        assert_eq!(cookie(&headers(&[("cookie", "a=1; _token=xyz;b=2")]), COOKIE), Some("xyz"));
        assert_eq!(cookie(&headers(&[("cookie", "x_token=xyz")]), COOKIE), None);
    }

    #[test]
    fn other_sites_pages_change_nothing() {
        let refused = |via, pairs: &[(&'static str, &'static str)]| same_site(&headers(pairs), via).is_err();
        assert!(refused(Via::Cookie, &[]));
        assert!(!refused(Via::Cookie, &[("x-tradewind-request", "1")]));
        assert!(!refused(Via::Nothing, &[]));
        assert!(refused(Via::Nothing, &[("sec-fetch-site", "cross-site")]));
        assert!(refused(Via::Nothing, &[("origin", "http://evil.example"), ("host", "localhost:8080")]));
        assert!(!refused(Via::Nothing, &[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
    }
}
