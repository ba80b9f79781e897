//! Tokens: who the bearer is and until when, signed with one secret or with a private key.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use tradewind_core::TryId;
use tradewind_store::Store;

use super::config::JwtConfig;
use crate::clock::now;
use crate::serve::ServeError;

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
    /// Its own name, with which it can be taken back. Tokens of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Who made it, if the configuration says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom, if the configuration says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
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
pub struct Tokens(Arc<Inner>);

struct Inner {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    issuer: Option<String>,
    audience: Option<String>,
    task_audience: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// Ways of signing with a secret.
const WITH_SECRET: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

impl Tokens {
    /// With that secret and nothing else configured. All processes of an installation must have the same one.
    pub fn new(secret: &str) -> Self {
        Self::with_secret(secret, Algorithm::HS256, &JwtConfig::default())
    }

    fn with_secret(secret: &str, algorithm: Algorithm, config: &JwtConfig) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Another one may have been configured when the token was made, on another machine, in another version.
        validation.algorithms = WITH_SECRET.to_vec();
        let (encoding, decoding) =
            (EncodingKey::from_secret(secret.as_bytes()), DecodingKey::from_secret(secret.as_bytes()));
        Self::with_keys(encoding, decoding, Header::new(algorithm), validation, config)
    }

    fn with_keys(
        encoding: EncodingKey,
        decoding: DecodingKey,
        mut header: Header,
        mut validation: Validation,
        config: &JwtConfig,
    ) -> Self {
        header.kid.clone_from(&config.kid);
        validation.leeway = config.leeway.as_secs().max(5);
        // Looked at in `verify`: it depends on what the token is for.
        validation.validate_aud = false;
        Self(Arc::new(Inner {
            header,
            encoding,
            decoding,
            validation,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            task_audience: config.task_audience.clone(),
        }))
    }

    /// As configured.
    ///
    /// # Errors
    /// A key that can't be read, or an algorithm that does not fit it, in words.
    pub fn from_config(config: &JwtConfig, kept_secret: Option<&str>) -> Result<Self, String> {
        let named = |text: &str| {
            text.parse::<Algorithm>().map_err(|_| format!("[api_auth] jwt_algorithm: '{text}' is not known here"))
        };
        let algorithm = config.algorithm.as_deref().map(named).transpose()?;
        let Some(path) = &config.private_key_path else {
            let secret = config.secret.as_deref().or(kept_secret).unwrap_or_default();
            let algorithm = algorithm.unwrap_or(Algorithm::HS256);
            if !WITH_SECRET.contains(&algorithm) {
                return Err(format!("[api_auth] jwt_algorithm {algorithm:?} needs jwt_private_key_path"));
            }
            return Ok(Self::with_secret(secret, algorithm, config));
        };
        let place = || format!("[api_auth] jwt_private_key_path {}", path.display());
        let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", place()))?;
        type Read = fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>;
        // An Ed25519 key's public half cannot be had from the library.
        let fits: [(Algorithm, Read); 2] =
            [(Algorithm::RS256, EncodingKey::from_rsa_pem), (Algorithm::ES256, EncodingKey::from_ec_pem)];
        let found = fits.into_iter().find_map(|(fitting, read)| read(&pem).ok().map(|key| (fitting, key)));
        let (fitting, encoding) = found.ok_or_else(|| format!("{}: there is no private key in it", place()))?;
        let algorithm = algorithm.unwrap_or(fitting);
        let wrong = |error: jsonwebtoken::errors::Error| format!("{} with {algorithm:?}: {error}", place());
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&encoding, algorithm).map_err(wrong)?;
        let decoding = DecodingKey::from_jwk(&jwk).map_err(wrong)?;
        Ok(Self::with_keys(encoding, decoding, Header::new(algorithm), Validation::new(algorithm), config))
    }

    /// With the configured secret or key, or a secret that is made once for the installation and kept in its database.
    ///
    /// # Errors
    /// The database's; a key that can't be used.
    pub async fn load(store: &Store, config: &JwtConfig) -> Result<Self, ServeError> {
        let kept = match (&config.secret, &config.private_key_path) {
            (None, None) => Some(store.setting_or("jwt_secret", random_text).await?),
            _ => None,
        };
        Self::from_config(config, kept.as_deref()).map_err(ServeError::Config)
    }

    fn audience(&self, scope: Scope) -> Option<&String> {
        match scope {
            Scope::User => self.0.audience.as_ref(),
            Scope::Try | Scope::Worker => self.0.task_audience.as_ref(),
        }
    }

    /// A signed token that lasts so long from now.
    pub fn mint(&self, scope: Scope, sub: &str, lasts: Duration) -> String {
        let iat = now().as_micros() / 1_000_000;
        let exp = iat.saturating_add(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX));
        let claims = Claims {
            sub: sub.to_owned(),
            scope,
            iat,
            exp,
            jti: Some(uuid::Uuid::new_v4().simple().to_string()),
            iss: self.0.issuer.clone(),
            aud: self.audience(scope).cloned(),
        };
        encode(&self.0.header, &claims, &self.0.encoding).expect("claims are plain JSON and the key fits its algorithm")
    }

    /// Something that a browser keeps for us and gives back unchanged. It can be read; its `exp` ends it.
    pub(super) fn seal<T: Serialize>(&self, what: &T) -> String {
        encode(&self.0.header, what, &self.0.encoding).expect("what is sealed is plain JSON")
    }

    /// What was sealed; `None` if it was not, or has ended. Tokens are of another shape and never fit.
    pub(super) fn unseal<T: serde::de::DeserializeOwned + Clone>(&self, sealed: &str) -> Option<T> {
        decode::<T>(sealed, &self.0.decoding, &self.0.validation).ok().map(|data| data.claims)
    }

    /// What a token says, if it is ours and still good.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        use jsonwebtoken::errors::ErrorKind;
        let claims = match decode::<Claims>(token, &self.0.decoding, &self.0.validation) {
            Ok(data) => data.claims,
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => return Err(TokenError::Expired),
            Err(_) => return Err(TokenError::Invalid),
        };
        let fits = |wanted: Option<&String>, found: &Option<String>| wanted.is_none() || wanted == found.as_ref();
        // Workers make their own tokens and may be told less: what their tokens open needs the secret all the same.
        let ours = claims.scope == Scope::Worker
            || (fits(self.0.issuer.as_ref(), &claims.iss) && fits(self.audience(claims.scope), &claims.aud));
        if ours { Ok(claims) } else { Err(TokenError::Invalid) }
    }
}

/// 256 random bits as text.
pub(super) fn random_text() -> String {
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
        let old = encode(&Header::new(Algorithm::HS256), &old, &tokens.0.encoding).unwrap();
        assert_eq!(tokens.verify(&old), Err(TokenError::Expired));
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        // {"alg":"none"} with claims that would be good for centuries.
        let token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhbm4iLCJzY29wZSI6InVzZXIiLCJpYXQiOjAsImV4cCI6OTk5OTk5OTk5OX0.";
        assert_eq!(Tokens::new("a").verify(token), Err(TokenError::Invalid));
    }

    #[test]
    fn issuer_and_audience_must_be_those_that_are_configured() {
        let config = |issuer: &str, audience: &str| JwtConfig {
            secret: Some("s".into()),
            issuer: Some(issuer.into()),
            audience: Some(audience.into()),
            task_audience: Some("tasks".into()),
            algorithm: Some("HS512".into()),
            ..JwtConfig::default()
        };
        let tokens = |issuer, audience| Tokens::from_config(&config(issuer, audience), None).unwrap();
        let ours = tokens("us", "here");
        let token = ours.mint(Scope::User, "ann", Duration::from_secs(60));
        assert_eq!(ours.verify(&token).unwrap().aud.as_deref(), Some("here"));
        for other in [tokens("them", "here"), tokens("us", "there")] {
            assert_eq!(other.verify(&token), Err(TokenError::Invalid));
        }
        assert_eq!(
            ours.verify(&Tokens::new("s").mint(Scope::User, "ann", Duration::from_secs(60))),
            Err(TokenError::Invalid)
        );
        let of_try = ours.mint(Scope::Try, "x", Duration::from_secs(60));
        assert_eq!(ours.verify(&of_try).unwrap().aud.as_deref(), Some("tasks"));
    }

    #[test]
    fn a_private_key_signs_and_a_secret_does_not_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        // A key that is used nowhere else.
        std::fs::write(
            &path,
            "-----BEGIN PRIVATE KEY-----\n\
             MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggkESS5PBR/VW2uM0\n\
             Od2+fdm/fIb2Bfya6DlqJwzKSeShRANCAAS5IG9kXZo3sL8m1TvjtH7tq4SukI33\n\
             M2diuy+ghvxYzS6Bs6Z3VnLLJ3Zrg5rmCG0rGFquVHV1gyLSCuLxaZMa\n\
             -----END PRIVATE KEY-----\n",
        )
        .unwrap();
        let config = JwtConfig { private_key_path: Some(path.clone()), kid: Some("k".into()), ..JwtConfig::default() };
        let tokens = Tokens::from_config(&config, None).unwrap();
        let token = tokens.mint(Scope::User, "ann", Duration::from_secs(60));
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, Algorithm::ES256);
        assert_eq!(tokens.verify(&token).unwrap().sub, "ann");
        let public = std::fs::read_to_string(&path).unwrap();
        let forged = Tokens::new(&public).mint(Scope::User, "ann", Duration::from_secs(60));
        assert_eq!(tokens.verify(&forged), Err(TokenError::Invalid), "a key's text is no secret");
        let wrong = JwtConfig { algorithm: Some("RS256".into()), ..config };
        assert!(Tokens::from_config(&wrong, None).unwrap_err().contains("RS256"));
        let missing = JwtConfig { algorithm: Some("ES256".into()), ..JwtConfig::default() };
        assert!(Tokens::from_config(&missing, None).unwrap_err().contains("needs jwt_private_key_path"));
    }
}
