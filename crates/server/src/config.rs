//! What the api-server is told by its composition root: plain values, already validated one by one.

use std::path::PathBuf;
use std::time::Duration;

use tradewind_core::Timestamp;
use tradewind_protocol::serialized_dag::DagDefaults;

use crate::auth::AuthConfig;

/// Settings of the api-server. Each field names the configuration option that it comes from.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name of this machine, as users see it.
    pub hostname: String,
    /// `[api] host`: address to listen on.
    pub host: String,
    /// `[api] port`. 0 lets the operating system choose.
    pub port: u16,
    /// `[api] base_url`: how users reach the server. A path in it is a prefix that a proxy has already removed.
    pub base_url: String,
    /// `[api] instance_name`: shown in the web interface.
    pub instance_name: String,
    /// `[api] maximum_page_limit`: more items than this never come in one page.
    pub maximum_page_limit: u32,
    /// `[api] fallback_page_limit`: items in a page when a client does not say.
    pub fallback_page_limit: u32,
    /// Ways of logging in.
    pub auth: AuthConfig,
    /// `[api_auth] jwt_expiration_time`: how long a login lasts.
    pub jwt_expiration: Duration,
    /// `[api_auth] jwt_cli_expiration_time`: how long a token from `/auth/token/cli` lasts.
    pub jwt_cli_expiration: Duration,
    /// `[execution_api] jwt_expiration_time`: how long the token of a try lasts after it was queued.
    pub try_token_expiration: Duration,
    /// `[core] simple_auth_manager_all_admins`: everybody is an administrator and nobody logs in.
    pub all_admins: bool,
    /// `[logging] base_log_folder`: root of the tries' log files.
    pub log_folder: PathBuf,
    /// `[api] expose_config`: who may read the configuration by REST.
    pub expose_config: ExposeConfig,
    /// The configuration to show, when it may be shown: section, option, value, and whether it is a secret.
    pub shown_config: Vec<ShownOption>,
    /// `[core] test_connection`: clients may have hooks try connections.
    pub test_connection: bool,
    /// `[scheduler] allowed_run_id_pattern`: regular expression that run ids of clients must match.
    pub allowed_run_id_pattern: String,
    /// `[scheduler] scheduler_health_check_threshold`: a role without a heartbeat for this long is unhealthy.
    pub health_check_threshold: Duration,
    /// `[workers] heartbeat` of workers that register, as answered to them.
    pub worker_heartbeat: Duration,
    /// Values that fill in what DAG files leave open.
    pub dag_defaults: DagDefaults,
    /// `[state_store]`
    pub state_store: StateStoreConfig,
    /// `[core] executor` with `[core] parallelism`: names and slots (`None`: no limit), to explain what tasks wait
    /// for. The default one is named "" and, if it has a name, by it as well.
    pub executors: Vec<(String, Option<u32>)>,
    /// How long slow clients are waited for.
    pub patience: Patience,
    /// `[celery] worker_concurrency`: tries that one worker of the CeleryExecutor runs at once.
    pub worker_concurrency: u32,
}

/// How long the server waits for a client before it cuts the connection: whoever is slower holds it for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the whole head of the next request; idle connections end then, too.
    pub head: Duration,
    /// For the whole body of a request.
    pub body: Duration,
    /// For a client to take more of an answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(75), body: Duration::from_secs(60), answer: Duration::from_secs(60) }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            hostname: "localhost".into(),
            host: "127.0.0.1".into(),
            port: 8080,
            base_url: "http://localhost:8080".into(),
            instance_name: "Tradewind".into(),
            maximum_page_limit: 100,
            fallback_page_limit: 50,
            auth: AuthConfig::default(),
            jwt_expiration: Duration::from_secs(86_400),
            jwt_cli_expiration: Duration::from_secs(3_600),
            try_token_expiration: Duration::from_secs(86_400),
            all_admins: false,
            log_folder: PathBuf::from("logs"),
            expose_config: ExposeConfig::No,
            shown_config: Vec::new(),
            test_connection: false,
            allowed_run_id_pattern: "^[A-Za-z0-9_.~:+-]+$".into(),
            health_check_threshold: Duration::from_secs(30),
            worker_heartbeat: Duration::from_secs(5),
            dag_defaults: DagDefaults::default(),
            state_store: StateStoreConfig::default(),
            executors: vec![(String::new(), Some(32))],
            patience: Patience::default(),
            worker_concurrency: 16,
        }
    }
}

/// What tasks remember, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateStoreConfig {
    /// `[state_store] default_retention_days`; 0: for ever.
    pub default_retention_days: u32,
    /// `[state_store] clear_on_success`: a task instance that succeeds forgets everything.
    pub clear_on_success: bool,
}

impl Default for StateStoreConfig {
    fn default() -> Self {
        Self { default_retention_days: 30, clear_on_success: false }
    }
}

impl StateStoreConfig {
    /// When something that is remembered now is forgotten, if nobody says otherwise.
    pub fn expires_at(self, now: Timestamp) -> Option<Timestamp> {
        let days = i64::from(self.default_retention_days);
        (days > 0).then(|| now + tradewind_core::Duration::from_secs(days * 86_400))
    }
}

/// Who may read the configuration by REST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExposeConfig {
    /// Nobody.
    No,
    /// Those with the permission, without secrets.
    NonSensitive,
    /// Those with the permission, with secrets.
    Full,
}

/// One option of the effective configuration.
#[derive(Clone, Debug)]
pub struct ShownOption {
    /// Section, for instance `core`.
    pub section: String,
    /// Option, for instance `dags_folder`.
    pub option: String,
    /// Effective value.
    pub value: String,
    /// Shown only with [`ExposeConfig::Full`].
    pub secret: bool,
}
