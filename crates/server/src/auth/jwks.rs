//! Public keys that somebody else signs tokens with: fetched when they are needed, again when a token names one that
//! is not known yet (keys rotate), and seldom enough that tokens with made-up names do no harm.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

/// Keys are asked for again after this time at the latest.
const FRESH: Duration = Duration::from_secs(3_600);

/// Not more often than this, whatever tokens come.
const PAUSE: Duration = Duration::from_secs(5);

/// Longest wait for an answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Longest document that is read.
const LONGEST: usize = 1 << 20;

/// Ways of signing that need a private key. Never one with a shared secret: its "public key" is no secret.
pub const ASYMMETRIC: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why a token of somebody else is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ForeignTokenError {
    /// The token is not right.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// The keys can't be read.
    #[error("the keys of {0} can't be read: {1}")]
    Keys(String, String),
}

/// Keys at one place.
#[derive(Debug)]
pub struct Jwks {
    place: String,
    client: reqwest::Client,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    set: Vec<Jwk>,
    asked: Option<Instant>,
}

/// What a token has to say besides being signed.
#[derive(Clone, Debug)]
pub struct Expected<'e> {
    /// One of these issuers; none: any.
    pub issuers: &'e [&'e str],
    /// One of these audiences; none: any.
    pub audiences: &'e [&'e str],
    /// Signed in one of these ways.
    pub algorithms: &'e [Algorithm],
    /// By how many seconds clocks may differ.
    pub leeway: u64,
}

impl Jwks {
    /// Keys at a URL or in a file.
    pub fn new(place: &str, client: reqwest::Client) -> Self {
        Self { place: place.to_owned(), client, keys: Mutex::default() }
    }

    /// What a token says, if it is signed with one of the keys and says what is expected.
    ///
    /// # Errors
    /// [`ForeignTokenError`].
    pub async fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<C, ForeignTokenError> {
        let invalid = |error: jsonwebtoken::errors::Error| ForeignTokenError::Invalid(error.to_string());
        let header = decode_header(token).map_err(invalid)?;
        if !expected.algorithms.contains(&header.alg) || !ASYMMETRIC.contains(&header.alg) {
            return Err(ForeignTokenError::Invalid(format!("it is signed with {:?}", header.alg)));
        }
        let mut validation = Validation::new(header.alg);
        validation.leeway = expected.leeway;
        validation.validate_nbf = true;
        validation.validate_aud = !expected.audiences.is_empty();
        validation.set_required_spec_claims(&["exp"]);
        if !expected.audiences.is_empty() {
            validation.set_audience(expected.audiences);
            validation.required_spec_claims.insert("aud".into());
        }
        if !expected.issuers.is_empty() {
            validation.set_issuer(expected.issuers);
            validation.required_spec_claims.insert("iss".into());
        }
        let jwk = self.key(header.kid.as_deref(), header.alg).await?;
        let key = DecodingKey::from_jwk(&jwk).map_err(invalid)?;
        Ok(decode::<C>(token, &key, &validation).map_err(invalid)?.claims)
    }

    async fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Jwk, ForeignTokenError> {
        let mut keys = self.keys.lock().await;
        let age = keys.asked.map(|at| at.elapsed());
        let known = find(&keys.set, kid, algorithm);
        if age.is_none_or(|age| age > FRESH) || (known.is_none() && age.is_none_or(|age| age > PAUSE)) {
            keys.asked = Some(Instant::now());
            match self.read().await {
                Ok(set) => keys.set = set.keys,
                // Old keys are better than none while their owner is away.
                Err(error) if known.is_some() => tracing::warn!(place = self.place, error, "keys can't be read again"),
                Err(error) => return Err(ForeignTokenError::Keys(self.place.clone(), error)),
            }
        }
        find(&keys.set, kid, algorithm)
            .ok_or_else(|| ForeignTokenError::Invalid("it is signed with a key that is not known".into()))
    }

    async fn read(&self) -> Result<JwkSet, String> {
        let text = if self.place.starts_with("http://") || self.place.starts_with("https://") {
            fetch(&self.client, &self.place).await?
        } else {
            tokio::fs::read(PathBuf::from(&self.place)).await.map_err(|error| error.to_string())?
        };
        // Keys of kinds that are not known here must not hide the others.
        let document: serde_json::Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let keys = document["keys"].as_array().ok_or("there are no \"keys\" in it")?;
        Ok(JwkSet { keys: keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect() })
    }
}

fn find(keys: &[Jwk], kid: Option<&str>, algorithm: Algorithm) -> Option<Jwk> {
    let fits = |jwk: &&Jwk| {
        let own = jwk.common.key_algorithm.map(|own| own.to_string());
        own.is_none_or(|own| own == format!("{algorithm:?}"))
    };
    match kid {
        Some(kid) => keys.iter().find(|jwk| jwk.common.key_id.as_deref() == Some(kid)).filter(fits).cloned(),
        // Without a name there must be no choice.
        None => match keys.iter().filter(fits).collect::<Vec<_>>().as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        },
    }
}

/// A document of at most a megabyte.
pub(super) async fn fetch(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    let response = client.get(url).timeout(TIMEOUT).send().await.map_err(|error| words(&error))?;
    read(response).await
}

/// The body of a successful answer of at most a megabyte.
pub(super) async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| words(&error))? {
        body.extend_from_slice(&part);
        if body.len() > LONGEST {
            return Err("the answer is longer than a megabyte".into());
        }
    }
    if status.is_success() { Ok(body) } else { Err(format!("the answer is {status}")) }
}

/// An error with its causes: the first one alone says little.
fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
