//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use regex::Regex;
use tradewind_store::Store;

use crate::api::v2::environment::Environment;
use crate::auth::jwks::Jwks;
use crate::auth::oidc::Oidc;
use crate::auth::proxy::Proxy;
use crate::auth::rate::Attempts;
use crate::auth::{PasswordChecker, Revoked, Tokens, TryTokens};
use crate::config::ServerConfig;
use crate::serve::ServeError;
use crate::task_api::StoreTaskApi;
use crate::ui::changes::Changes;
use crate::ui::shared::Shared;
use crate::users::Users;
use crate::versions::Versions;
use crate::why::Asker;

/// The application: shared, cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// See [`App`].
pub struct Inner {
    /// Settings.
    pub config: ServerConfig,
    /// The database.
    pub store: Store,
    /// Makes and checks tokens.
    pub tokens: Tokens,
    /// Checks passwords.
    pub passwords: PasswordChecker,
    /// What users who have been here lately may do.
    pub users: Users,
    /// Tokens that were taken back.
    pub revoked: Revoked,
    /// Wrong passwords.
    pub attempts: Attempts,
    /// Keys of somebody else who may make users' tokens.
    pub trusted_keys: Option<Jwks>,
    /// Logging in with an OpenID provider.
    pub oidc: Option<Oidc>,
    /// An authenticating proxy.
    pub proxy: Option<Proxy>,
    /// What lists need to know of versions of DAGs.
    pub versions: Versions,
    /// `[scheduler] allowed_run_id_pattern`
    pub run_ids: Regex,
    /// What workers and running tries ask.
    pub task_api: StoreTaskApi,
    /// Tells open pages what changed.
    pub changes: Changes,
    /// Answers that open pages share.
    pub shared: Shared,
    /// What the Python environment said of itself last.
    pub environment: Environment,
    /// Set when the server goes down: long answers end.
    pub closing: tokio_util::sync::CancellationToken,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Finds out why something does not run.
    pub fn asker(&self) -> Asker<'_> {
        Asker {
            store: &self.store,
            defaults: &self.config.dag_defaults,
            executors: &self.config.executors,
            silent_after: self.config.health_check_threshold,
        }
    }

    /// Whether cookies are for HTTPS only.
    pub fn secure_cookies(&self) -> bool {
        self.config.auth.cookie_secure || self.config.base_url.starts_with("https://")
    }

    /// Puts the parts together; reads or makes the secret that signs tokens.
    ///
    /// # Errors
    /// A broken regular expression in the configuration, or a database that does not answer.
    pub async fn new(config: ServerConfig, store: Store) -> Result<Self, ServeError> {
        let tokens = Tokens::load(&store, &config.auth.jwt).await?;
        let run_ids = Regex::new(&config.allowed_run_id_pattern).map_err(|error| {
            ServeError::Config(format!("[scheduler] allowed_run_id_pattern is not a regular expression: {error}"))
        })?;
        let passwords = tokio::task::spawn_blocking(PasswordChecker::new)
            .await
            .map_err(|error| ServeError::Config(error.to_string()))?
            .map_err(|error| ServeError::Config(error.to_string()))?;
        // Redirects could lead anywhere; none of what is asked needs them.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ServeError::Config(format!("no HTTP client: {error}")))?;
        let closing = tokio_util::sync::CancellationToken::new();
        let task_api = StoreTaskApi::new(store.clone(), (&config).into())
            .with_tokens(TryTokens::new(tokens.clone(), config.try_token_expiration));
        let changes = Changes::new(store.clone());
        Ok(Self(Arc::new(Inner {
            passwords,
            users: Users::default(),
            revoked: Revoked::default(),
            attempts: Attempts::new(config.auth.rate_limits.clone()),
            trusted_keys: config.auth.jwt.trusted_jwks.as_ref().map(|place| Jwks::new(place, client.clone())),
            oidc: config.auth.oidc.clone().map(|oidc| Oidc::new(oidc, client.clone())),
            proxy: config.auth.proxy.clone().map(|proxy| Proxy::new(proxy, client.clone())),
            versions: Versions::default(),
            run_ids,
            task_api,
            changes,
            shared: Shared::default(),
            environment: Environment::default(),
            closing,
            tokens,
            store,
            config,
        })))
    }
}
