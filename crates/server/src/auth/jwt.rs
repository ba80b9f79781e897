//! Tokens: who the bearer is and until when, signed with one secret (HS256).

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use tradewind_core::TryId;
use tradewind_store::Store;

use crate::clock::now;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// REST and UI, as the user named by `sub`.
    User,
    /// The task API, for the try named by `sub`.
    Try,
    /// The task API's registration, claims and heartbeats.
    Worker,
}

/// Contents of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// User name, or the try's UUID, or the worker's name.
    pub sub: String,
    /// What it is good for.
    pub scope: Scope,
    /// Seconds since the epoch when it was made.
    pub iat: i64,
    /// Seconds since the epoch when it ends.
    pub exp: i64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Was good once.
    #[error("the token has expired; log in again")]
    Expired,
    /// Not ours, or damaged.
    #[error("the token is not valid")]
    Invalid,
}

/// Makes and checks tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    keys: Arc<(EncodingKey, DecodingKey, Validation)>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// With that secret. All processes of an installation must have the same one.
    pub fn new(secret: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 5;
        validation.validate_aud = false;
        let (encoding, decoding) =
            (EncodingKey::from_secret(secret.as_bytes()), DecodingKey::from_secret(secret.as_bytes()));
        Self { keys: Arc::new((encoding, decoding, validation)) }
    }

    /// With the configured secret, or one that is made once for the installation and kept in its database.
    ///
    /// # Errors
    /// The database's.
    pub async fn load(store: &Store, configured: Option<&str>) -> Result<Self, tradewind_store::Error> {
        if let Some(secret) = configured.filter(|secret| !secret.is_empty()) {
            return Ok(Self::new(secret));
        }
        Ok(Self::new(&store.setting_or("jwt_secret", random_secret).await?))
    }

    /// A signed token that lasts so long from now.
    pub fn mint(&self, scope: Scope, sub: &str, lasts: Duration) -> String {
        let iat = now().as_micros() / 1_000_000;
        let exp = iat.saturating_add(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX));
        let claims = Claims { sub: sub.to_owned(), scope, iat, exp };
        encode(&Header::new(Algorithm::HS256), &claims, &self.keys.0)
            .expect("claims are plain JSON and the key is HMAC")
    }

    /// What a token says, if it is ours and still good.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        use jsonwebtoken::errors::ErrorKind;
        match decode::<Claims>(token, &self.keys.1, &self.keys.2) {
            Ok(data) => Ok(data.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }
}

/// 256 random bits as text.
fn random_secret() -> String {
    use rand::Rng as _;
    let mut bytes = [0u8; 32];
    rand::rng().fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the tokens that travel with workloads.
#[derive(Clone, Debug)]
pub struct TryTokens {
    tokens: Tokens,
    lasts: Duration,
}

impl TryTokens {
    /// Tokens that last so long from their making.
    pub fn new(tokens: Tokens, lasts: Duration) -> Self {
        Self { tokens, lasts }
    }

    /// The token of one try: the task API's calls for this try and no other.
    pub fn for_try(&self, id: TryId) -> String {
        self.tokens.mint(Scope::Try, &id.to_string(), self.lasts)
    }

    /// A token with which a worker registers, claims and heartbeats.
    pub fn for_worker(&self, name: &str, lasts: Duration) -> String {
        self.tokens.mint(Scope::Worker, name, lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_who_and_lasts_as_long_as_it_says() {
        let tokens = Tokens::new("a");
        let token = tokens.mint(Scope::User, "ann", Duration::from_secs(60));
        let claims = tokens.verify(&token).unwrap();
        assert_eq!((claims.sub.as_str(), claims.scope, claims.exp - claims.iat), ("ann", Scope::User, 60));
        assert_eq!(Tokens::new("b").verify(&token), Err(TokenError::Invalid));
        assert_eq!(tokens.verify("a.b.c"), Err(TokenError::Invalid));
        let old = Claims { iat: 0, exp: 1, ..claims };
        let old = encode(&Header::new(Algorithm::HS256), &old, &tokens.keys.0).unwrap();
        assert_eq!(tokens.verify(&old), Err(TokenError::Expired));
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        // {"alg":"none"} with claims that would be good for centuries.
        let token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhbm4iLCJzY29wZSI6InVzZXIiLCJpYXQiOjAsImV4cCI6OTk5OTk5OTk5OX0.";
        assert_eq!(Tokens::new("a").verify(token), Err(TokenError::Invalid));
    }
}
