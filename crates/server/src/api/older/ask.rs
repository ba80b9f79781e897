//! Asking `/api/v2` from inside, in the name of who asked an older API.

use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;

use super::logins::{LASTS, Logins};
use crate::auth::Scope;
use crate::auth::guard::{Peer, origin};
use crate::auth::login::{Login, authenticate};
use crate::http::error::ApiError;
use crate::state::App;

/// Answers of `/api/v2` are read whole, logs among them.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// A request to an older API.
pub struct Asked {
    pub method: Method,
    /// After the API's prefix, without slashes around it.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Null when there is none.
    pub body: Value,
    /// The header `Accept`.
    pub accept: String,
}

impl Asked {
    /// A query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Fault {
    pub status: StatusCode,
    pub detail: Value,
}

impl Fault {
    /// With a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: Value::String(detail.into()) }
    }

    /// What the newer API answered instead of a success.
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let answer = to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default();
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        Self { status: parts.status, detail: answer["detail"].clone() }
    }

    /// 404
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 400
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self { status: error.status, detail: error.detail }
    }
}

/// Who asks, and the router that answers.
pub struct Client {
    newer: Router,
    headers: HeaderMap,
    peer: Option<Peer>,
}

impl Client {
    /// Checks a user name and password, if the request has them; tokens and cookies go on as they are.
    ///
    /// # Errors
    /// 401 if they are wrong, 429 after too many wrong ones.
    pub async fn new(
        app: &App,
        (newer, logins): (Router, &Logins),
        headers: &HeaderMap,
        peer: Option<Peer>,
    ) -> Result<Self, Fault> {
        let mut own = headers.clone();
        for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::TRANSFER_ENCODING, header::ACCEPT] {
            own.remove(name);
        }
        if let Some(login) = basic(headers)? {
            own.remove(header::AUTHORIZATION);
            if !app.config.all_admins {
                let token = match logins.token(&login, Instant::now()) {
                    Some(token) => token,
                    None => {
                        let name = logins.name(&login);
                        let from = origin(&app.config.auth, headers, peer.map(|peer| peer.0));
                        let username = match authenticate(app, login, from).await {
                            Ok(username) => username,
                            Err(refused) => return Err(Fault::of(refused).await),
                        };
                        let token = app.tokens.mint(Scope::User, &username, LASTS);
                        logins.remember(name, token.clone(), Instant::now());
                        token
                    }
                };
                let value = format!("Bearer {token}").parse();
                own.insert(header::AUTHORIZATION, value.map_err(|_| Fault::bad_request("the user name is no header"))?);
            }
        }
        Ok(Self { newer, headers: own, peer })
    }

    /// Asks; `path` comes after `/api/v2/` unless it begins with a slash, every segment escaped already.
    ///
    /// # Errors
    /// What the newer API answers instead of a success.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(String, String)],
        body: &Value,
    ) -> Result<Value, Fault> {
        let (_, bytes) = self.send(method, path, query, body, "application/json").await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }

    /// `GET` without parameters.
    ///
    /// # Errors
    /// What the newer API answers instead of a success.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.ask(Method::GET, path, &[], &Value::Null).await
    }

    /// Asks for any kind of content.
    ///
    /// # Errors
    /// What the newer API answers instead of a success.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(String, String)],
        body: &Value,
        accept: &str,
    ) -> Result<(HeaderMap, Bytes), Fault> {
        let mut uri = if path.starts_with('/') { path.to_owned() } else { format!("/api/v2/{path}") };
        for (index, (name, value)) in query.iter().enumerate() {
            uri += &format!("{}{}={}", if index == 0 { '?' } else { '&' }, escaped(name), escaped(value));
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let mut request = Request::builder().method(method).uri(uri).header(header::ACCEPT, accept);
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        let mut request = request.body(body).map_err(|error| Fault::bad_request(error.to_string()))?;
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let Ok(response): Result<Response, _> = TowerToHyperService::new(self.newer.clone()).call(request).await;
        if !response.status().is_success() {
            return Err(Fault::of(response).await);
        }
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, LARGEST_ANSWER).await;
        let bytes = bytes.map_err(|error| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
        Ok((parts.headers, bytes))
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<Login>, Fault> {
    let Some(value) = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()) else { return Ok(None) };
    let Some((scheme, given)) = value.split_once(' ') else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let wrong = || Fault::new(StatusCode::UNAUTHORIZED, "the user name and password can't be read");
    let text = STANDARD.decode(given.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    let (username, password) = text.split_once(':').ok_or_else(wrong)?;
    Ok(Some(Login { username: username.to_owned(), password: password.to_owned() }))
}

/// A text as a part of an address: everything but letters, digits and `-._~` is escaped.
pub fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_and_passwords_may_have_colons() {
        assert_eq!(escaped("a/b c+ä"), "a%2Fb%20c%2B%C3%A4");
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode("me:a:b")).parse().unwrap());
        let login = basic(&headers).unwrap().unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("me", "a:b"));
        headers.insert(header::AUTHORIZATION, "Basic ?".parse().unwrap());
        assert_eq!(basic(&headers).err().unwrap().status, StatusCode::UNAUTHORIZED);
    }
}
