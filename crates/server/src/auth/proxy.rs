//! An authenticating proxy before this server: who asks stands in a header that only the proxy can set, or in one
//! that it signs (Google Cloud's Identity-Aware Proxy).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::external::{Mapping, Person, arrive};
use super::jwks::{Expected, Jwks};
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// The header that Identity-Aware Proxy signs.
const IAP_HEADER: &str = "x-goog-iap-jwt-assertion";

/// The proxy's word is looked up again after this time, so that groups and accounts that changed count.
const REMEMBERED: Duration = Duration::from_secs(60);

/// So many are remembered before the memory is emptied.
const MOST: usize = 10_000;

/// `[auth_proxy]`
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// `remote_user_header`: the header with the name, from `[tradewind] trusted_proxies` alone.
    pub user_header: Option<String>,
    /// `remote_groups_header`: groups, separated by commas.
    pub groups_header: Option<String>,
    /// `iap_audience`: what signed headers must be for; without it they are not looked at.
    pub iap_audience: Option<String>,
    /// `iap_keys_url`: where the keys are.
    pub iap_keys_url: String,
    /// `iap_issuer`
    pub iap_issuer: String,
    /// Who gets in, and as what.
    pub mapping: Mapping,
}

/// See the module.
pub struct Proxy {
    config: ProxyConfig,
    keys: Jwks,
    /// Name of the account by what the proxy said.
    arrived: Mutex<HashMap<String, (Instant, String)>>,
}

#[derive(Deserialize)]
struct Assertion {
    email: String,
    sub: String,
    #[serde(default)]
    iat: i64,
    exp: i64,
}

impl Proxy {
    /// With these settings.
    pub fn new(config: ProxyConfig, client: reqwest::Client) -> Self {
        Self { keys: Jwks::new(&config.iap_keys_url, client), config, arrived: Mutex::default() }
    }

    /// The account of who asks; `None` if the proxy says nothing.
    ///
    /// # Errors
    /// 401: the signature is not right, or there is no account.
    pub async fn user(&self, app: &App, headers: &HeaderMap, peer: Option<IpAddr>) -> ApiResult<Option<String>> {
        if let (Some(_), Some(token)) = (&self.config.iap_audience, headers.get(IAP_HEADER)) {
            let token = token.to_str().map_err(|_| ApiError::unauthorized("the proxy's signature is no text"))?;
            return self.signed(app, token).await.map(Some);
        }
        let Some(header) = &self.config.user_header else { return Ok(None) };
        let trusted = peer.is_some_and(|peer| app.config.auth.trusted_proxies.iter().any(|net| net.has(peer)));
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let Some(username) = text(header).filter(|name| trusted && !name.is_empty()) else { return Ok(None) };
        let groups = self.config.groups_header.as_deref().and_then(text).unwrap_or_default();
        let groups = groups.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect();
        let person = Person { username: username.to_owned(), groups, ..Person::default() };
        let said = format!("{username}\n{}", person.groups.join("\n"));
        self.remembered(app, said, person).await.map(Some)
    }

    async fn signed(&self, app: &App, token: &str) -> ApiResult<String> {
        let audience = self.config.iap_audience.as_deref().unwrap_or_default();
        let expected = Expected {
            issuers: &[&self.config.iap_issuer],
            audiences: &[audience],
            algorithms: &[Algorithm::ES256],
            leeway: 30,
        };
        let said: Assertion = self.keys.verify(token, expected).await.map_err(|error| {
            tracing::warn!(%error, "a header that claims to be signed by the proxy is refused");
            ApiError::unauthorized("the proxy's signature is not valid")
        })?;
        // What is signed for longer than an hour was not signed by the proxy, whose signatures last ten minutes.
        if said.exp - said.iat > 3_600 {
            return Err(ApiError::unauthorized("the proxy's signature lasts too long"));
        }
        let username = said.email.rsplit_once(':').map_or(said.email.as_str(), |(_, address)| address).to_owned();
        let person =
            Person { subject: Some(said.sub.clone()), email: Some(username.clone()), username, ..Person::default() };
        self.remembered(app, format!("{}\n{}", person.username, said.sub), person).await
    }

    async fn remembered(&self, app: &App, said: String, person: Person) -> ApiResult<String> {
        let lock = || self.arrived.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((at, username)) = lock().get(&said)
            && at.elapsed() < REMEMBERED
        {
            return Ok(username.clone());
        }
        let username = arrive(app, "proxy", &self.config.mapping, person).await?;
        let mut all = lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(said, (Instant::now(), username.clone()));
        Ok(username)
    }
}
