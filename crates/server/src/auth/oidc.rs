//! Logging in with an OpenID Connect provider: authorization code with PKCE. What has to be known again when the
//! browser comes back (state, nonce, verifier) is in a signed cookie, so that any api-server can go on.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::external::{Mapping, Person, arrive};
use super::guard::{From, cookie};
use super::jwks::{ASYMMETRIC, Expected, Jwks, TIMEOUT, fetch, read};
use super::jwt::random_text;
use super::login::came_in;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;
use crate::ui::session;

/// Cookie of a login under way.
const COOKIE: &str = "_oidc";

/// A login must be done by then.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the provider says of itself is asked for again after this time.
const FRESH: Duration = Duration::from_secs(3_600);

/// `[oidc]`
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// `name`: on the button.
    pub name: String,
    /// `issuer`: address of the provider, without `/.well-known/openid-configuration`.
    pub issuer: String,
    /// `client_id`
    pub client_id: String,
    /// `client_secret`; none for a client that has none.
    pub client_secret: Option<String>,
    /// `scope`
    pub scope: String,
    /// `username_claim`
    pub username_claim: String,
    /// `groups_claim`; a path with dots reaches into objects, as `realm_access.roles`.
    pub groups_claim: String,
    /// Who gets in, and as what.
    pub mapping: Mapping,
}

/// What the provider says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Contents of the cookie.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct UnderWay {
    oidc_state: String,
    nonce: String,
    verifier: String,
    next: String,
    exp: i64,
}

/// See the module.
pub struct Oidc {
    config: OidcConfig,
    client: reqwest::Client,
    found: Mutex<Option<(Instant, Discovery, std::sync::Arc<Jwks>)>>,
}

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/auth/oidc/login", begin).get("/auth/oidc/callback", back)
}

/// Why a login failed: a word that the login page has a sentence for, and a sentence for the log.
struct Failed(&'static str, String);

impl Oidc {
    /// With these settings.
    pub fn new(config: OidcConfig, client: reqwest::Client) -> Self {
        Self { config, client, found: Mutex::default() }
    }

    /// On the button.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    async fn discovery(&self) -> Result<(Discovery, std::sync::Arc<Jwks>), Failed> {
        let mut found = self.found.lock().await;
        if let Some((at, discovery, keys)) = found.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok((discovery.clone(), std::sync::Arc::clone(keys)));
        }
        let down = |error: String| Failed("unavailable", format!("the OpenID provider can't be asked: {error}"));
        let url = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let document = fetch(&self.client, &url).await.map_err(down)?;
        let discovery: Discovery = serde_json::from_slice(&document).map_err(|error| down(error.to_string()))?;
        // Somebody else's document would have us send people, and secrets, elsewhere.
        if discovery.issuer.trim_end_matches('/') != self.config.issuer.trim_end_matches('/') {
            return Err(down(format!("it calls itself {}, not {}", discovery.issuer, self.config.issuer)));
        }
        let encrypted = !self.config.issuer.starts_with("https://")
            || [&discovery.authorization_endpoint, &discovery.token_endpoint, &discovery.jwks_uri]
                .iter()
                .all(|url| url.starts_with("https://"));
        if !encrypted {
            return Err(down("one of its addresses is not https".into()));
        }
        let keys = std::sync::Arc::new(Jwks::new(&discovery.jwks_uri, self.client.clone()));
        *found = Some((Instant::now(), discovery.clone(), std::sync::Arc::clone(&keys)));
        Ok((discovery, keys))
    }

    /// Tokens for a code.
    async fn redeem(&self, app: &App, to: &Discovery, code: &str, verifier: &str) -> Result<(String, String), Failed> {
        let redirect = callback(app);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier),
        ];
        let mut request = self.client.post(&to.token_endpoint).timeout(TIMEOUT);
        let in_header = to
            .token_endpoint_auth_methods_supported
            .as_ref()
            .is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        match &self.config.client_secret {
            Some(secret) if in_header => {
                request = request.basic_auth(escaped(&self.config.client_id), Some(escaped(secret)));
            }
            Some(secret) => {
                form.push(("client_id", &self.config.client_id));
                form.push(("client_secret", secret));
            }
            None => form.push(("client_id", &self.config.client_id)),
        }
        let refused = |error: String| Failed("refused", format!("the OpenID provider gives no token: {error}"));
        let body = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let response = request.send().await.map_err(|error| refused(error.to_string()))?;
        let answer = read(response).await.map_err(refused)?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|error| refused(error.to_string()))?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let id_token = text("id_token").ok_or_else(|| refused("there is no id_token in its answer".into()))?;
        Ok((id_token, text("access_token").unwrap_or_default()))
    }

    /// The person of an identity token.
    async fn person(
        &self,
        (to, keys): (&Discovery, &Jwks),
        (id_token, access_token): (&str, &str),
        nonce: &str,
    ) -> Result<Person, Failed> {
        let refused = |error: String| Failed("refused", format!("the OpenID provider's token is refused: {error}"));
        let offered = |algorithm: &&Algorithm| {
            let offers = &to.id_token_signing_alg_values_supported;
            offers.is_empty() || offers.contains(&format!("{algorithm:?}"))
        };
        let algorithms: Vec<Algorithm> = ASYMMETRIC.iter().filter(offered).copied().collect();
        let expected = Expected {
            issuers: &[&to.issuer],
            audiences: &[&self.config.client_id],
            algorithms: &algorithms,
            leeway: 30,
        };
        let mut claims: Value = keys.verify(id_token, expected).await.map_err(|error| refused(error.to_string()))?;
        if claims["nonce"].as_str() != Some(nonce) {
            return Err(refused("it is for another login (nonce)".into()));
        }
        if claims["aud"].as_array().is_some_and(|to| to.len() > 1)
            && claims["azp"].as_str() != Some(&self.config.client_id)
        {
            return Err(refused("it is for another client (azp)".into()));
        }
        let subject = claims["sub"].as_str().filter(|sub| !sub.is_empty()).map(str::to_owned);
        let subject = subject.ok_or_else(|| refused("it does not say who (sub)".into()))?;
        let lacks = |name: &str| !name.is_empty() && claim(&claims, name).is_none();
        if let Some(url) = &to.userinfo_endpoint
            && !access_token.is_empty()
            && (lacks(&self.config.username_claim) || lacks(&self.config.groups_claim))
        {
            let request = self.client.get(url).bearer_auth(access_token).timeout(TIMEOUT);
            let response = request.send().await.map_err(|error| refused(error.to_string()))?;
            let more: Value = serde_json::from_slice(&read(response).await.map_err(refused)?)
                .map_err(|error| refused(error.to_string()))?;
            if more["sub"].as_str() != Some(&subject) {
                return Err(refused("its userinfo is about somebody else".into()));
            }
            if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
                for (name, value) in more {
                    claims.entry(name).or_insert(value);
                }
            }
        }
        let text = |name: &str| claim(&claims, name).and_then(Value::as_str).map(str::to_owned);
        let username = text(&self.config.username_claim).filter(|name| !name.trim().is_empty());
        let username = username.ok_or_else(|| refused(format!("it has no {}", self.config.username_claim)))?;
        // An address that nobody checked is what anybody may write there.
        if self.config.username_claim == "email" && claims["email_verified"] == Value::Bool(false) {
            return Err(refused("the address is not verified (email_verified)".into()));
        }
        let groups = match claim(&claims, &self.config.groups_claim) {
            Some(Value::Array(groups)) => groups.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect(),
            Some(Value::String(group)) => vec![group.clone()],
            _ => Vec::new(),
        };
        Ok(Person {
            username,
            subject: Some(format!("{} {subject}", to.issuer)),
            email: text("email"),
            first_name: text("given_name"),
            last_name: text("family_name"),
            groups,
        })
    }
}

/// A claim by name, or by a path with dots.
fn claim<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| name.split('.').try_fold(claims, |inner, part| inner.get(part)))
}

/// Percent-encoded, as forms want it.
fn escaped(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn callback(app: &App) -> String {
    format!("{}/auth/oidc/callback", app.config.base_url.trim_end_matches('/'))
}

/// A path of this server and nothing else: `//evil.example` and `/\evil.example` are other hosts to browsers.
fn own_path(next: Option<&str>) -> &str {
    let fits = |next: &&str| {
        next.starts_with('/')
            && !next[1..].starts_with(['/', '\\'])
            && !next.chars().any(|c| c.is_control() || c == '\\')
    };
    next.filter(fits).unwrap_or("/")
}

fn under_way_cookie(app: &App, value: &str, seconds: u64) -> ApiResult<HeaderValue> {
    // Lax: the browser comes back from another site.
    let secure = if app.secure_cookies() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/auth/oidc; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::bad_request("the login can't be made into a cookie"))
}

fn the_provider(app: &App) -> ApiResult<&Oidc> {
    app.oidc.as_ref().ok_or_else(|| ApiError::not_found("this server has no OpenID provider: set [oidc] issuer"))
}

/// `GET /auth/oidc/login`: sends the browser to the provider.
async fn begin(State(app): State<App>, params: Params) -> ApiResult<Response> {
    let oidc = the_provider(&app)?;
    let (to, _) = match oidc.discovery().await {
        Ok(found) => found,
        Err(failed) => return Ok(turned_away(&app, &failed)),
    };
    let under_way = UnderWay {
        oidc_state: random_text(),
        nonce: random_text(),
        verifier: random_text(),
        next: own_path(params.text("next")).to_owned(),
        exp: crate::clock::now().as_micros() / 1_000_000 + i64::try_from(PATIENCE.as_secs()).unwrap_or(600),
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(under_way.verifier.as_bytes()));
    let query = [
        ("response_type", "code"),
        ("client_id", &oidc.config.client_id),
        ("redirect_uri", &callback(&app)),
        ("scope", &oidc.config.scope),
        ("state", &under_way.oidc_state),
        ("nonce", &under_way.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let joint = if to.authorization_endpoint.contains('?') { '&' } else { '?' };
    let url = format!("{}{joint}{}", to.authorization_endpoint, query.join("&"));
    let cookie = under_way_cookie(&app, &app.tokens.seal(&under_way), PATIENCE.as_secs())?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(&url)).into_response())
}

/// `GET /auth/oidc/callback`: the browser is back.
async fn back(State(app): State<App>, from: From, headers: HeaderMap, params: Params) -> ApiResult<Response> {
    let oidc = the_provider(&app)?;
    let gone = under_way_cookie(&app, "", 0)?;
    let response = match finish(&app, oidc, &headers, &params).await {
        Ok((username, next)) => {
            let session = session::begin(&app, &headers, &username).await?;
            came_in(&app, &username, "oidc", from.0).await?;
            (
                AppendHeaders([(header::SET_COOKIE, session)]),
                Redirect::to(&format!("{}{next}", app.config.base_url.trim_end_matches('/'))),
            )
                .into_response()
        }
        Err(failed) => turned_away(&app, &failed),
    };
    Ok((AppendHeaders([(header::SET_COOKIE, gone)]), response).into_response())
}

async fn finish(app: &App, oidc: &Oidc, headers: &HeaderMap, params: &Params) -> Result<(String, String), Failed> {
    let stale = |why: &str| Failed("stale", format!("a login by OpenID can't go on: {why}"));
    let sealed = cookie(headers, COOKIE).ok_or_else(|| stale("its cookie is missing"))?;
    let under_way: UnderWay = app.tokens.unseal(sealed).ok_or_else(|| stale("its cookie is not ours or too old"))?;
    // Before anything else is believed: another site may have sent the browser here with a code of its own.
    if params.text("state") != Some(under_way.oidc_state.as_str()) {
        return Err(stale("the state is another one"));
    }
    if let Some(error) = params.text("error") {
        let more = params.text("error_description").unwrap_or_default();
        return Err(Failed("refused", format!("the OpenID provider says {error} {more}")));
    }
    let code = params.text("code").ok_or_else(|| stale("there is no code"))?;
    let (to, keys) = oidc.discovery().await?;
    let (id_token, access_token) = oidc.redeem(app, &to, code, &under_way.verifier).await?;
    let person = oidc.person((&to, &keys), (&id_token, &access_token), &under_way.nonce).await?;
    let username = arrive(app, "oidc", &oidc.config.mapping, person).await.map_err(|error| {
        Failed("no-account", error.detail.as_str().map_or_else(|| error.detail.to_string(), str::to_owned))
    })?;
    Ok((username, under_way.next))
}

/// Back to the login page, which says what to do; the log says why.
fn turned_away(app: &App, failed: &Failed) -> Response {
    tracing::warn!(reason = failed.1, "a login by OpenID failed");
    let base = app.config.base_url.trim_end_matches('/');
    Redirect::to(&format!("{base}/login?error={}", failed.0)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_this_server() {
        assert_eq!(own_path(Some("/dags/x?a=b")), "/dags/x?a=b");
        for evil in ["//evil", "/\\evil", "https://evil", "javascript:alert(1)", "", "/a\\b", "/a\r\nb"] {
            assert_eq!(own_path(Some(evil)), "/", "{evil}");
        }
        assert_eq!(own_path(None), "/");
    }

    #[test]
    fn claims_are_found_by_path() {
        let claims = serde_json::json!({"realm_access": {"roles": ["a"]}, "x.y": 1});
        assert_eq!(claim(&claims, "realm_access.roles"), Some(&serde_json::json!(["a"])));
        assert_eq!(claim(&claims, "x.y"), Some(&serde_json::json!(1)));
        assert_eq!(claim(&claims, "x.z"), None);
        assert_eq!(escaped("a b+c/ü"), "a%20b%2Bc%2F%C3%BC");
    }
}
