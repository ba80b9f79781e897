//! The options that Tradewind honours: one documented row each. Names and defaults are Airflow 3.3's where it has
//! them; our own are in `[tradewind]`.

/// What values an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A path; relative ones are below `AIRFLOW_HOME`.
    Path,
    /// `true`/`false`, `t`/`f`, `1`/`0`.
    Flag,
    /// A whole number in a range.
    Int(i64, i64),
    /// Seconds, fractions allowed, not below the number.
    Seconds(f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A JSON document.
    Json,
    /// Executors between commas, see `[core] executor`.
    Executors,
}

/// One option.
#[derive(Debug)]
pub struct Spec {
    /// Section.
    pub section: &'static str,
    /// Key.
    pub key: &'static str,
    /// Values that it takes.
    pub kind: Kind,
    /// Text of the default; empty often means "none". May contain `{AIRFLOW_HOME}`.
    pub default: &'static str,
    /// Shown as `< hidden >` and never logged.
    pub sensitive: bool,
    /// One or two sentences.
    pub doc: &'static str,
}

/// The environment variable that sets an option.
pub fn env_var(section: &str, key: &str) -> String {
    format!("AIRFLOW__{}__{}", section.to_uppercase().replace('.', "_"), key.to_uppercase())
}

macro_rules! options {
    ($($name:ident = [$section:literal] $key:literal, $kind:expr, $default:literal $(, $sensitive:ident)?; $doc:literal)+) => {
        $(
            #[doc = $doc]
            pub static $name: Spec = Spec {
                section: $section,
                key: $key,
                kind: $kind,
                default: $default,
                sensitive: options!(@$($sensitive)?),
                doc: $doc,
            };
        )+
        /// Every option, in the order in which a new `airflow.cfg` has them.
        pub static ALL: &[&Spec] = &[$(&$name),+];
    };
    (@sensitive) => { true };
    (@) => { false };
}

use Kind::{Choice, Executors, Flag, Int, Json, Path, Seconds, Text};

const ANY: i64 = i64::MAX;

options! {
    DAGS_FOLDER = ["core"] "dags_folder", Path, "{AIRFLOW_HOME}/dags";
        "The folder with your DAG files. A saved file is picked up at once."
    EXECUTOR = ["core"] "executor", Executors, "LocalExecutor";
        "LocalExecutor runs tasks beside the scheduler; CeleryExecutor tells `worker` processes of them over a broker ([celery] broker_url); EdgeExecutor leaves them to `worker` processes that ask the api-server over HTTP; KubernetesExecutor gives each task its own pod. Several names, between commas: the first one is for tasks that name none; `name:alias` gives one a short name."
    PARALLELISM = ["core"] "parallelism", Int(1, 100_000), "32";
        "How many tasks one scheduler (LocalExecutor, CeleryExecutor) or one worker that asks for tasks may have at once."
    MAX_ACTIVE_TASKS_PER_DAG = ["core"] "max_active_tasks_per_dag", Int(1, ANY), "16";
        "How many tasks of one DAG run may run at once, when the DAG does not say."
    MAX_ACTIVE_RUNS_PER_DAG = ["core"] "max_active_runs_per_dag", Int(1, ANY), "16";
        "How many runs of a DAG may be active at once, when the DAG does not say."
    DAGS_ARE_PAUSED_AT_CREATION = ["core"] "dags_are_paused_at_creation", Flag, "True";
        "Whether a new DAG waits for someone to un-pause it."
    LOAD_EXAMPLES = ["core"] "load_examples", Flag, "False";
        "Also offer the example DAGs that come with Tradewind; unlike in Airflow they are off by default."
    MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG = ["core"] "max_consecutive_failed_dag_runs_per_dag", Int(0, ANY), "0";
        "Pause a DAG after so many failed runs in a row, when the DAG does not say; 0 never does."
    DEFAULT_TIMEZONE = ["core"] "default_timezone", Text, "utc";
        "Time zone of dates in DAG files that have none: an IANA name, utc or system."
    PLUGINS_FOLDER = ["core"] "plugins_folder", Path, "{AIRFLOW_HOME}/plugins";
        "A folder on the Python path of DAG files and tasks."
    FERNET_KEY = ["core"] "fernet_key", Text, "", sensitive;
        "Key that connections and variables are encrypted with. Several, separated by commas: the first one encrypts, all decrypt."
    DAGBAG_IMPORT_TIMEOUT = ["core"] "dagbag_import_timeout", Seconds(0.0), "30.0";
        "Longest time that importing one DAG file may take, in seconds."
    DAG_DISCOVERY_SAFE_MODE = ["core"] "dag_discovery_safe_mode", Flag, "True";
        "Look only into files that contain the words dag and airflow."
    DAG_IGNORE_FILE_SYNTAX = ["core"] "dag_ignore_file_syntax", Choice(&["glob", "regexp"]), "glob";
        "How lines of .airflowignore files are read."
    CHECK_SLAS = ["core"] "check_slas", Flag, "True";
        "Watch the sla= of tasks of Airflow 1 and 2, and call sla_miss_callback."
    KILLED_TASK_CLEANUP_TIME = ["core"] "killed_task_cleanup_time", Seconds(0.0), "60";
        "Seconds between asking a task to end (SIGTERM) and ending it (SIGKILL)."
    DEFAULT_TASK_RETRIES = ["core"] "default_task_retries", Int(0, ANY), "0";
        "Retries of tasks that do not say."
    RERUN_WITH_LATEST_VERSION = ["core"] "rerun_with_latest_version", Flag, "False";
        "Runs that are cleared go on with the newest version of their DAG, for DAGs and requests that do not say. Unless this is set, backfills do so and other reruns do not."
    DEFAULT_TASK_EXECUTION_TIMEOUT = ["core"] "default_task_execution_timeout", Text, "";
        "Longest time in seconds that a try may run, for tasks that do not say; empty: any time."
    DEFAULT_TASK_WEIGHT_RULE = ["core"] "default_task_weight_rule", Choice(&["downstream", "upstream", "absolute"]), "downstream";
        "How the effective priority of tasks that do not say comes about."
    MAX_MAP_LENGTH = ["core"] "max_map_length", Int(1, ANY), "1024";
        "Longest list that a task may be mapped over."
    DAG_RUN_CONF_OVERRIDES_PARAMS = ["core"] "dag_run_conf_overrides_params", Flag, "True";
        "Whether a run's configuration changes the params of its tasks."
    HIDE_SENSITIVE_VAR_CONN_FIELDS = ["core"] "hide_sensitive_var_conn_fields", Flag, "True";
        "Hide secrets of variables and connections in logs and in the web interface."
    SENSITIVE_VAR_CONN_NAMES = ["core"] "sensitive_var_conn_names", Text, "";
        "More words, separated by commas, that make the name of a variable or an extra a secret's."
    ALLOWED_DESERIALIZATION_CLASSES = ["core"] "allowed_deserialization_classes", Text, "airflow.*";
        "Classes that XComs may turn into, as patterns separated by spaces."
    ALLOWED_DESERIALIZATION_CLASSES_REGEXP = ["core"] "allowed_deserialization_classes_regexp", Text, "";
        "The same as regular expressions, separated by spaces."
    XCOM_BACKEND = ["core"] "xcom_backend", Text, "airflow.sdk.execution_time.xcom.BaseXCom";
        "The class that XComs are written and read with: its path."
    DEFAULT_IMPERSONATION = ["core"] "default_impersonation", Text, "";
        "The user of the system that tasks run as which do not say."
    DEFAULT_TASK_RETRY_DELAY = ["core"] "default_task_retry_delay", Seconds(0.0), "300";
        "Seconds between retries, for tasks that do not say."
    MAX_TASK_RETRY_DELAY = ["core"] "max_task_retry_delay", Seconds(0.0), "86400";
        "Cap of growing retry delays in seconds."
    DEFAULT_POOL_TASK_SLOT_COUNT = ["core"] "default_pool_task_slot_count", Int(0, 1_000_000), "128";
        "Slots of default_pool when the database is made."
    TEST_CONNECTION = ["core"] "test_connection", Choice(&["Disabled", "Enabled", "Hidden"]), "Disabled";
        "Whether a connection may be tried, by `connections test` and by clients: Enabled lets hooks connect to any place."
    SIMPLE_AUTH_MANAGER_ALL_ADMINS = ["core"] "simple_auth_manager_all_admins", Flag, "False";
        "Everyone is an administrator and nobody logs in. For machines that only you can reach."
    SIMPLE_AUTH_MANAGER_USERS = ["core"] "simple_auth_manager_users", Text, "";
        "Accounts that the api-server makes: name:role, separated by commas, with a role of admin, op, user or viewer. Their passwords are made and kept in the passwords file."
    SIMPLE_AUTH_MANAGER_PASSWORDS_FILE = ["core"] "simple_auth_manager_passwords_file", Path, "{AIRFLOW_HOME}/simple_auth_manager_passwords.json.generated";
        "The file (JSON: name and password) with the passwords of simple_auth_manager_users."
    EXECUTION_API_SERVER_URL = ["core"] "execution_api_server_url", Text, "";
        "Where workers reach the api-server, such as http://10.0.0.5:8080/execution/. Default: [api] base_url, else this machine."
    SQL_ALCHEMY_CONN = ["database"] "sql_alchemy_conn", Text, "sqlite:///{AIRFLOW_HOME}/airflow.db", sensitive;
        "The metadata database: sqlite:///path or postgresql://user:password@host:5432/name (any of SQLAlchemy's spellings)."
    SQL_ALCHEMY_POOL_SIZE = ["database"] "sql_alchemy_pool_size", Int(1, 1000), "5";
        "Connections to PostgreSQL that a process keeps at most. SQLite has one writer and a few readers."
    CHECK_MIGRATIONS = ["database"] "check_migrations", Flag, "True";
        "Bring the database up to date when a role starts. Turn it off to allow only `db migrate`."
    BASE_LOG_FOLDER = ["logging"] "base_log_folder", Path, "{AIRFLOW_HOME}/logs";
        "Where task logs are written, and read from by the api-server."
    LOGGING_LEVEL = ["logging"] "logging_level", Choice(&["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL"]), "INFO";
        "What Tradewind's own processes and tasks log at least."
    NAMESPACE_LEVELS = ["logging"] "namespace_levels", Text, "";
        "Levels of single Python loggers in tasks: name=LEVEL, separated by spaces or commas."
    JSON_LOGS = ["logging"] "json_logs", Flag, "False";
        "Tradewind's own processes log one JSON object a line."
    API_HOST = ["api"] "host", Text, "0.0.0.0";
        "Address that the api-server listens on. `standalone` uses 127.0.0.1 unless this is set."
    API_PORT = ["api"] "port", Int(0, 65_535), "8080";
        "Port that the api-server listens on; 0 takes a free one."
    API_BASE_URL = ["api"] "base_url", Text, "";
        "The address that users and workers reach the api-server under, if it is not the one that it listens on."
    INSTANCE_NAME = ["api"] "instance_name", Text, "";
        "Name of this installation in the web interface."
    SECRET_KEY = ["api"] "secret_key", Text, "", sensitive;
        "Signs tokens and sessions when [api_auth] jwt_secret is not set. All api-servers need the same one."
    EXPOSE_CONFIG = ["api"] "expose_config", Choice(&["False", "True", "non-sensitive-only"]), "False";
        "Whether the configuration can be read by REST."
    MAXIMUM_PAGE_LIMIT = ["api"] "maximum_page_limit", Int(1, 100_000), "100";
        "Largest page that REST lists return."
    FALLBACK_PAGE_LIMIT = ["api"] "fallback_page_limit", Int(1, 100_000), "50";
        "Page size of REST lists when the request names none."
    JWT_SECRET = ["api_auth"] "jwt_secret", Text, "", sensitive;
        "Secret that tokens of users and running tasks are signed with. All api-servers and schedulers need the same one."
    JWT_EXPIRATION_TIME = ["api_auth"] "jwt_expiration_time", Int(1, ANY), "86400";
        "Seconds that a login stays valid."
    JWT_CLI_EXPIRATION_TIME = ["api_auth"] "jwt_cli_expiration_time", Int(1, ANY), "3600";
        "Seconds that a token of /auth/token/cli stays valid."
    JWT_ALGORITHM = ["api_auth"] "jwt_algorithm", Text, "";
        "How tokens are signed: HS256, HS384 or HS512 with a secret (default HS256); RS256, ES256 and their kin with a private key."
    JWT_PRIVATE_KEY_PATH = ["api_auth"] "jwt_private_key_path", Path, "";
        "PEM file of the private key that tokens are signed with instead of the secret."
    JWT_KID = ["api_auth"] "jwt_kid", Text, "";
        "Name of the key, put into the header of tokens."
    JWT_ISSUER = ["api_auth"] "jwt_issuer", Text, "";
        "Who makes tokens; when set, tokens of others are refused."
    JWT_AUDIENCE = ["api_auth"] "jwt_audience", Text, "";
        "For whom tokens of users are; when set, tokens for others are refused."
    JWT_LEEWAY = ["api_auth"] "jwt_leeway", Int(0, 3600), "10";
        "Seconds by which clocks may differ."
    TRUSTED_JWKS_URL = ["api_auth"] "trusted_jwks_url", Text, "";
        "Public keys (JWKS; a URL or a file) of somebody else who may make tokens for users that have an account here."
    EXECUTION_JWT_EXPIRATION_TIME = ["execution_api"] "jwt_expiration_time", Int(1, ANY), "600";
        "Seconds that a queued task's token is valid before it has to start; a running task's token lives as long as the task."
    EXECUTION_JWT_AUDIENCE = ["execution_api"] "jwt_audience", Text, "urn:airflow.apache.org:task";
        "For whom tokens of tries are."
    SESSION_LIFETIME_MINUTES = ["fab"] "session_lifetime_minutes", Int(1, 5_256_000), "43200";
        "Minutes that a login in the browser stays valid."
    COOKIE_SAMESITE = ["fab"] "cookie_samesite", Choice(&["Strict", "Lax"]), "Strict";
        "Whether browsers send the session when a link on another site is followed (Lax). Changes need more than the cookie either way."
    COOKIE_SECURE = ["fab"] "cookie_secure", Flag, "False";
        "Send the session over HTTPS only. Always so when [api] base_url is https."
    AUTH_ROLE_PUBLIC = ["fab"] "auth_role_public", Text, "";
        "Role of those who do not log in; empty: everybody logs in."
    AUTH_RATE_LIMITED = ["fab"] "auth_rate_limited", Flag, "True";
        "Limit how many wrong passwords come from one address."
    AUTH_RATE_LIMIT = ["fab"] "auth_rate_limit", Text, "5 per 40 second";
        "Wrong passwords that one address may send, such as '5 per 40 second' or '10/minute; 100/day'."
    PROXY_FIX_X_FOR = ["fab"] "proxy_fix_x_for", Int(1, 100), "1";
        "How many proxies stand before the api-server, each adding an address to X-Forwarded-For. Which ones are believed says [tradewind] trusted_proxies."
    OIDC_ISSUER = ["oidc"] "issuer", Text, "";
        "Address of an OpenID Connect provider; the login page then has a button for it."
    OIDC_NAME = ["oidc"] "name", Text, "OpenID Connect";
        "Name on the button."
    OIDC_CLIENT_ID = ["oidc"] "client_id", Text, "";
        "Name of this installation at the provider. The address to register there is [api] base_url with /auth/oidc/callback."
    OIDC_CLIENT_SECRET = ["oidc"] "client_secret", Text, "", sensitive;
        "Secret of this installation at the provider; empty for a public client."
    OIDC_SCOPE = ["oidc"] "scope", Text, "openid profile email";
        "What the provider is asked to tell."
    OIDC_USERNAME_CLAIM = ["oidc"] "username_claim", Text, "preferred_username";
        "Claim with the name of the account."
    OIDC_GROUPS_CLAIM = ["oidc"] "groups_claim", Text, "groups";
        "Claim with the groups; dots lead into objects, as in realm_access.roles."
    OIDC_ROLES_MAPPING = ["oidc"] "roles_mapping", Json, "";
        "Roles by group, as FAB's AUTH_ROLES_MAPPING: a JSON object of lists."
    OIDC_ROLES_SYNC = ["oidc"] "roles_sync_at_login", Flag, "False";
        "Roles follow the groups at every login, as FAB's AUTH_ROLES_SYNC_AT_LOGIN."
    OIDC_REGISTRATION = ["oidc"] "user_registration", Flag, "False";
        "Who has no account gets one, as FAB's AUTH_USER_REGISTRATION."
    OIDC_REGISTRATION_ROLE = ["oidc"] "user_registration_role", Text, "Public";
        "Role of everybody who gets an account so."
    OIDC_LINK_ACCOUNTS = ["oidc"] "link_accounts", Flag, "False";
        "Accounts that have a password here are opened by the provider as well. Only for a provider that nobody else gives names at."
    LDAP_SERVER = ["ldap"] "server", Text, "";
        "Directory that checks passwords: ldap://host or ldaps://host."
    LDAP_USE_TLS = ["ldap"] "use_tls", Flag, "False";
        "Encrypt with STARTTLS."
    LDAP_ALLOW_SELF_SIGNED = ["ldap"] "allow_self_signed", Flag, "False";
        "Do not check the directory's certificate. Anybody between here and there then reads passwords."
    LDAP_BIND_USER = ["ldap"] "bind_user", Text, "";
        "DN of the account that looks for people; empty: nobody in particular."
    LDAP_BIND_PASSWORD = ["ldap"] "bind_password", Text, "", sensitive;
        "Its password."
    LDAP_SEARCH = ["ldap"] "search", Text, "";
        "DN below which people are."
    LDAP_SEARCH_FILTER = ["ldap"] "search_filter", Text, "";
        "Filter that people must fit besides their name."
    LDAP_UID_FIELD = ["ldap"] "uid_field", Text, "uid";
        "Field with the name to log in with."
    LDAP_USERNAME_FORMAT = ["ldap"] "username_format", Text, "";
        "DN of a person, with %s for the name, to bind as without looking first."
    LDAP_APPEND_DOMAIN = ["ldap"] "append_domain", Text, "";
        "Domain put after the name to bind as (Active Directory)."
    LDAP_GROUP_FIELD = ["ldap"] "group_field", Text, "memberOf";
        "Field with the groups."
    LDAP_FIRSTNAME_FIELD = ["ldap"] "firstname_field", Text, "givenName";
        "Field with the first name."
    LDAP_LASTNAME_FIELD = ["ldap"] "lastname_field", Text, "sn";
        "Field with the last name."
    LDAP_EMAIL_FIELD = ["ldap"] "email_field", Text, "mail";
        "Field with the address."
    LDAP_ROLES_MAPPING = ["ldap"] "roles_mapping", Json, "";
        "Roles by group, as FAB's AUTH_ROLES_MAPPING: a JSON object of lists."
    LDAP_ROLES_SYNC = ["ldap"] "roles_sync_at_login", Flag, "False";
        "Roles follow the groups at every login."
    LDAP_REGISTRATION = ["ldap"] "user_registration", Flag, "False";
        "Who has no account gets one."
    LDAP_REGISTRATION_ROLE = ["ldap"] "user_registration_role", Text, "Public";
        "Role of everybody who gets an account so."
    PROXY_USER_HEADER = ["auth_proxy"] "remote_user_header", Text, "";
        "Header in which an authenticating proxy names the user, believed from [tradewind] trusted_proxies only."
    PROXY_GROUPS_HEADER = ["auth_proxy"] "remote_groups_header", Text, "";
        "Header in which it names their groups, separated by commas."
    PROXY_IAP_AUDIENCE = ["auth_proxy"] "iap_audience", Text, "";
        "Audience of the header that Google's Identity-Aware Proxy signs: /projects/NUMBER/global/backendServices/ID. Empty: such headers are not looked at."
    PROXY_IAP_KEYS_URL = ["auth_proxy"] "iap_keys_url", Text, "https://www.gstatic.com/iap/verify/public_key-jwk";
        "Where the keys of that proxy are (JWKS)."
    PROXY_IAP_ISSUER = ["auth_proxy"] "iap_issuer", Text, "https://cloud.google.com/iap";
        "Who signs that header."
    PROXY_ROLES_MAPPING = ["auth_proxy"] "roles_mapping", Json, "";
        "Roles by group, as FAB's AUTH_ROLES_MAPPING: a JSON object of lists."
    PROXY_ROLES_SYNC = ["auth_proxy"] "roles_sync_at_login", Flag, "False";
        "Roles follow the groups."
    PROXY_REGISTRATION = ["auth_proxy"] "user_registration", Flag, "False";
        "Who has no account gets one."
    PROXY_REGISTRATION_ROLE = ["auth_proxy"] "user_registration_role", Text, "Public";
        "Role of everybody who gets an account so."
    PROXY_LINK_ACCOUNTS = ["auth_proxy"] "link_accounts", Flag, "False";
        "Accounts that have a password here are opened by the proxy as well."
    CELERY_BROKER_URL = ["celery"] "broker_url", Text, "redis://redis:6379/0", sensitive;
        "CeleryExecutor: where the broker is. redis://, rediss://, redis+socket://, sentinel://one;sentinel://two, amqp:// or amqps://."
    CELERY_WORKER_CONCURRENCY = ["celery"] "worker_concurrency", Int(1, 100_000), "16";
        "CeleryExecutor: how many tasks one worker runs at once, when --concurrency does not say."
    CELERY_WORKER_AUTOSCALE = ["celery"] "worker_autoscale", Text, "";
        "CeleryExecutor: the most and the fewest tasks that a worker runs at once, as 16,8. A place that nobody needs costs nothing, so the most counts from the beginning."
    CELERY_PREFETCH_MULTIPLIER = ["celery"] "worker_prefetch_multiplier", Int(1, 10_000), "1";
        "CeleryExecutor: how many messages a worker takes for each task that it can run at once. With 1, what it cannot run now is left to others."
    CELERY_REMOTE_CONTROL = ["celery"] "worker_enable_remote_control", Flag, "True";
        "CeleryExecutor: workers answer `celery inspect` and `celery control`, and Flower."
    CELERY_WORKER_UMASK = ["celery"] "worker_umask", Text, "";
        "CeleryExecutor: the umask of a worker in the background (-D), in octal."
    CELERY_SSL_ACTIVE = ["celery"] "ssl_active", Flag, "False";
        "CeleryExecutor: speak TLS with the broker, also when its address does not say so."
    CELERY_SSL_CACERT = ["celery"] "ssl_cacert", Text, "";
        "CeleryExecutor: file with the certificate of the authority that the broker's is signed by; none: those of the system."
    CELERY_SSL_CERT = ["celery"] "ssl_cert", Text, "";
        "CeleryExecutor: file with the certificate that this side shows."
    CELERY_SSL_KEY = ["celery"] "ssl_key", Text, "";
        "CeleryExecutor: file with the key of that certificate."
    CELERY_SSL_MUTUAL_TLS = ["celery"] "ssl_mutual_tls", Flag, "True";
        "CeleryExecutor: show [celery] ssl_cert to the broker, if there is one."
    FLOWER_HOST = ["celery"] "flower_host", Text, "0.0.0.0";
        "`celery flower`: the address that Flower listens on."
    FLOWER_PORT = ["celery"] "flower_port", Int(1, 65535), "5555";
        "`celery flower`: Flower's port."
    FLOWER_URL_PREFIX = ["celery"] "flower_url_prefix", Text, "";
        "`celery flower`: the path that Flower's pages are under."
    FLOWER_BASIC_AUTH = ["celery"] "flower_basic_auth", Text, "", sensitive;
        "`celery flower`: who may see it, as user:password,user:password."
    BROKER_VISIBILITY_TIMEOUT = ["celery_broker_transport_options"] "visibility_timeout", Int(1, ANY), "86400";
        "Redis: a message that was taken and not acknowledged for so many seconds is delivered again. Whoever gets it learns from the server whether its task still waits."
    BROKER_MASTER_NAME = ["celery_broker_transport_options"] "master_name", Text, "";
        "Sentinel: the name of the master."
    BROKER_SENTINEL_KWARGS = ["celery_broker_transport_options"] "sentinel_kwargs", Json, "", sensitive;
        "Sentinel: who logs in at the Sentinels, as {\"username\": …, \"password\": …}."
    BROKER_PRIORITY_STEPS = ["celery_broker_transport_options"] "priority_steps", Json, "";
        "Levels of priority, as [0, 3, 6, 9]: a task's weight of 2, 4 and 8 lifts it a level each. RabbitMQ's queues get x-max-priority by it. None: first come, first served."
    BROKER_GLOBAL_KEYPREFIX = ["celery_broker_transport_options"] "global_keyprefix", Text, "";
        "Redis: what all keys begin with."
    BROKER_SEP = ["celery_broker_transport_options"] "sep", Text, "";
        "Redis: what stands between a queue and its priority; none: kombu's two control characters."
    BROKER_FANOUT_PREFIX = ["celery_broker_transport_options"] "fanout_prefix", Text, "";
        "Redis: what the channels of events and remote control begin with; none: /{db}. with the number of the database."
    BROKER_SOCKET_TIMEOUT = ["celery_broker_transport_options"] "socket_timeout", Seconds(0.1), "5";
        "Longest time for an answer of the broker."
    BROKER_SOCKET_CONNECT_TIMEOUT = ["celery_broker_transport_options"] "socket_connect_timeout", Seconds(0.1), "5";
        "Longest time to connect to the broker."
    CELERY_KUBERNETES_QUEUE = ["celery_kubernetes_executor"] "kubernetes_queue", Text, "kubernetes";
        "CeleryKubernetesExecutor: tasks of this queue run in pods, all others on Celery workers."
    LOCAL_KUBERNETES_QUEUE = ["local_kubernetes_executor"] "kubernetes_queue", Text, "kubernetes";
        "LocalKubernetesExecutor: tasks of this queue run in pods, all others beside the scheduler."
    DEFAULT_QUEUE = ["operators"] "default_queue", Text, "default";
        "Queue of tasks that do not say, and of workers that do not say."
    DEFAULT_OWNER = ["operators"] "default_owner", Text, "airflow";
        "Owner of tasks that do not say."
    DEFAULT_DEFERRABLE = ["operators"] "default_deferrable", Flag, "False";
        "Whether operators that can do so wait without a process, when they do not say."
    ALLOW_ILLEGAL_ARGUMENTS = ["operators"] "allow_illegal_arguments", Flag, "False";
        "Only warn about arguments that an operator does not know, as Airflow 1.10 did."
    SENSORS_DEFAULT_TIMEOUT = ["sensors"] "default_timeout", Seconds(0.0), "604800";
        "Seconds that sensors wait that do not say."
    JOB_HEARTBEAT_SEC = ["scheduler"] "job_heartbeat_sec", Seconds(0.1), "5";
        "Seconds between heartbeats of schedulers and other processes."
    SCHEDULER_HEALTH_CHECK_THRESHOLD = ["scheduler"] "scheduler_health_check_threshold", Seconds(1.0), "30";
        "A process that has not been heard of for so many seconds counts as dead, and a live one takes its work over."
    TASK_INSTANCE_HEARTBEAT_TIMEOUT = ["scheduler"] "task_instance_heartbeat_timeout", Seconds(1.0), "300";
        "A running task whose worker has been silent for so many seconds is retried or failed."
    MAX_DAGRUNS_TO_CREATE_PER_LOOP = ["scheduler"] "max_dagruns_to_create_per_loop", Int(1, 100_000), "10";
        "Scheduled runs that one DAG gets in one pass of the scheduler."
    PARTITION_MAPPER_MAX_DOWNSTREAM_KEYS = ["scheduler"] "partition_mapper_max_downstream_keys", Int(1, 1_000_000), "1000";
        "How many runs one event of an asset's partition may be for, when its mapper does not say."
    USE_JOB_SCHEDULE = ["scheduler"] "use_job_schedule", Flag, "True";
        "Whether schedules start runs at all. Off, only triggered runs go."
    ALLOWED_RUN_ID_PATTERN = ["scheduler"] "allowed_run_id_pattern", Text, "^[A-Za-z0-9_.~:+-]+$";
        "Regular expression that the ids of triggered runs must match."
    CATCHUP_BY_DEFAULT = ["scheduler"] "catchup_by_default", Flag, "False";
        "Whether DAGs that do not say run the intervals that they missed."
    CREATE_CRON_DATA_INTERVALS = ["scheduler"] "create_cron_data_intervals", Flag, "False";
        "Whether a cron schedule's runs cover the interval before them (Airflow 2) instead of an instant."
    CREATE_DELTA_DATA_INTERVALS = ["scheduler"] "create_delta_data_intervals", Flag, "False";
        "The same for timedelta schedules."
    TASK_QUEUED_TIMEOUT = ["scheduler"] "task_queued_timeout", Seconds(1.0), "600.0";
        "Seconds after which a pod that does not run is given up, with Kubernetes' own reason."
    TRIGGERER_CAPACITY = ["triggerer"] "capacity", Int(1, 1_000_000), "1000";
        "Triggers that one triggerer runs at once."
    TRIGGERER_JOB_HEARTBEAT_SEC = ["triggerer"] "job_heartbeat_sec", Seconds(0.1), "5";
        "Seconds between heartbeats of a triggerer."
    TRIGGERER_HEALTH_CHECK_THRESHOLD = ["triggerer"] "triggerer_health_check_threshold", Seconds(1.0), "30";
        "A triggerer that has not been heard of for so many seconds counts as dead, and others run its triggers."
    RUNNER_HEALTH_CHECK_THRESHOLD = ["triggerer"] "runner_health_check_threshold", Seconds(0.5), "30";
        "A process of triggers whose loop does not answer for so many seconds is ended; its triggers run in another one."
    ON_KILL_TIMEOUT = ["triggerer"] "on_kill_timeout", Seconds(0.0), "30";
        "Seconds that a trigger's `on_kill` may take when its task was cleared or marked."
    TRIGGERER_QUEUES_ENABLED = ["triggerer"] "queues_enabled", Flag, "False";
        "Whether a task's triggers keep its queue: triggerers with `--queues` run those of their queues, others those of none."
    SHARED_STREAM_SUBSCRIBER_QUEUE_SIZE = ["triggerer"] "shared_stream_subscriber_queue_size", Int(1, 1_000_000), "1024";
        "Events of a shared stream that may wait for one of its triggers; one that is slower fails."
    SHARED_STREAM_ACK_TIMEOUT = ["triggerer"] "shared_stream_ack_timeout", Seconds(0.1), "300";
        "Seconds within which a trigger has to be done with an event of a shared stream that is acknowledged."
    SHARED_STREAM_COHORT_GRACE_PERIOD = ["triggerer"] "shared_stream_cohort_grace_period", Seconds(0.0), "0";
        "Seconds that a new shared stream waits for more of its triggers before it begins to read."
    PARSING_PROCESSES = ["dag_processor"] "parsing_processes", Int(1, 256), "2";
        "DAG files parsed at the same time."
    MAX_CALLBACKS_PER_LOOP = ["dag_processor"] "max_callbacks_per_loop", Int(1, 10_000), "20";
        "Callbacks that a dag-processor takes at once; it runs [dag_processor] parsing_processes of them at a time."
    MIN_FILE_PROCESS_INTERVAL = ["dag_processor"] "min_file_process_interval", Seconds(0.0), "30";
        "Seconds after which files that read other data while being imported are parsed again. Saved files are parsed at once."
    REFRESH_INTERVAL = ["dag_processor"] "refresh_interval", Seconds(0.1), "300";
        "Seconds between full scans of the DAG folder, the fallback where file events do not arrive."
    DAG_FILE_PROCESSOR_TIMEOUT = ["dag_processor"] "dag_file_processor_timeout", Seconds(1.0), "50";
        "Seconds after which a process that parses a file is killed."
    DAG_BUNDLE_CONFIG_LIST = ["dag_processor"] "dag_bundle_config_list", Json, "";
        "DAG folders besides or instead of [core] dags_folder, as Airflow 3's JSON list: LocalDagBundle, and GitDagBundle for repositories."
    DAG_BUNDLE_STORAGE_PATH = ["dag_processor"] "dag_bundle_storage_path", Path, "";
        "Folder of the copies of Git bundles; empty: airflow/dag_bundles among temporary files."
    DISABLE_BUNDLE_VERSIONING = ["dag_processor"] "disable_bundle_versioning", Flag, "False";
        "Tasks of a run use the newest commit of a Git bundle, not the one that the run began with."
    STALE_BUNDLE_CLEANUP_INTERVAL = ["dag_processor"] "stale_bundle_cleanup_interval", Seconds(0.0), "1800";
        "Seconds between looks for old commits of Git bundles that can be removed. 0: they stay."
    STALE_BUNDLE_CLEANUP_AGE = ["dag_processor"] "stale_bundle_cleanup_age_threshold", Seconds(0.0), "21600";
        "Seconds for which a commit that nobody uses stays."
    STALE_BUNDLE_CLEANUP_MIN_VERSIONS = ["dag_processor"] "stale_bundle_cleanup_min_versions", Int(0, 100_000), "10";
        "So many commits stay, whatever their age."
    WORKERS_SECRETS_BACKEND = ["workers"] "secrets_backend", Text, "";
        "Class of a secrets backend that tasks ask before anything else; [secrets] backend is for DAG files as well."
    WORKERS_SECRETS_BACKEND_KWARGS = ["workers"] "secrets_backend_kwargs", Json, "", sensitive;
        "Its arguments, a JSON object."
    MIN_HEARTBEAT_INTERVAL = ["workers"] "min_heartbeat_interval", Seconds(0.1), "5";
        "Seconds between heartbeats of workers."
    CALLBACK_EXECUTION_TIMEOUT = ["callbacks"] "callback_execution_timeout", Seconds(0.0), "0";
        "Seconds that callbacks (and mails) may take, at the end of a try or in the dag-processor. 0 means 300: a callback that hangs must not hang for ever."
    EMAIL_BACKEND = ["email"] "email_backend", Text, "airflow.utils.email.send_email_smtp";
        "The function that sends mails: its path."
    EMAIL_CONN_ID = ["email"] "email_conn_id", Text, "smtp_default";
        "Connection with login, password and perhaps host and port of the mail server; [smtp] says what it does not."
    DEFAULT_EMAIL_ON_RETRY = ["email"] "default_email_on_retry", Flag, "True";
        "Whether tasks with addresses send mail when they are to be tried again, if they do not say."
    DEFAULT_EMAIL_ON_FAILURE = ["email"] "default_email_on_failure", Flag, "True";
        "Whether tasks with addresses send mail when they fail, if they do not say."
    EMAIL_SUBJECT_TEMPLATE = ["email"] "subject_template", Path, "";
        "A file with the Jinja template of the subject of mails about tasks."
    EMAIL_HTML_CONTENT_TEMPLATE = ["email"] "html_content_template", Path, "";
        "A file with the Jinja template of the text (HTML) of mails about tasks."
    EMAIL_FROM = ["email"] "from_email", Text, "";
        "Who mails come from; empty: [smtp] smtp_mail_from."
    EMAIL_SSL_CONTEXT = ["email"] "ssl_context", Choice(&["default", "none"]), "default";
        "Whether the mail server's certificate is checked."
    SMTP_HOST = ["smtp"] "smtp_host", Text, "localhost";
        "Mail server."
    SMTP_STARTTLS = ["smtp"] "smtp_starttls", Flag, "True";
        "Encrypt with STARTTLS."
    SMTP_SSL = ["smtp"] "smtp_ssl", Flag, "False";
        "Speak TLS from the first byte."
    SMTP_USER = ["smtp"] "smtp_user", Text, "";
        "Login at the mail server."
    SMTP_PASSWORD = ["smtp"] "smtp_password", Text, "", sensitive;
        "Password at the mail server."
    SMTP_PORT = ["smtp"] "smtp_port", Int(1, 65_535), "25";
        "Port of the mail server."
    SMTP_MAIL_FROM = ["smtp"] "smtp_mail_from", Text, "airflow@example.com";
        "Who mails come from."
    SMTP_TIMEOUT = ["smtp"] "smtp_timeout", Seconds(0.0), "30";
        "Seconds to wait for the mail server."
    SMTP_RETRY_LIMIT = ["smtp"] "smtp_retry_limit", Int(1, 1000), "5";
        "How often a mail is tried to be sent."
    SECRETS_BACKEND = ["secrets"] "backend", Text, "";
        "Class of a secrets backend that is asked for connections and variables before anything else."
    SECRETS_BACKEND_KWARGS = ["secrets"] "backend_kwargs", Json, "", sensitive;
        "Its arguments, a JSON object."
    STATSD_ON = ["metrics"] "statsd_on", Flag, "False";
        "Whether what DAG files and tasks count goes out as StatsD."
    STATSD_HOST = ["metrics"] "statsd_host", Text, "localhost";
        "Where to."
    STATSD_PORT = ["metrics"] "statsd_port", Int(1, 65_535), "8125";
        "The port there."
    STATSD_PREFIX = ["metrics"] "statsd_prefix", Text, "airflow";
        "What names begin with."
    VENV_INSTALL_METHOD = ["standard"] "venv_install_method", Choice(&["auto", "pip", "uv"]), "auto";
        "What installs the packages of PythonVirtualenvOperator."
    STATE_BACKEND = ["state_store"] "backend", Choice(&["airflow.state.metastore.MetastoreBackend"]), "airflow.state.metastore.MetastoreBackend";
        "Where the state of tasks and assets is kept: in Tradewind's database, and nowhere else."
    STATE_RETENTION_DAYS = ["state_store"] "default_retention_days", Int(0, 36_500), "30";
        "Days until what a task remembers is forgotten, unless the task says otherwise; 0: never."
    STATE_CLEAR_ON_SUCCESS = ["state_store"] "clear_on_success", Flag, "False";
        "A task instance that succeeds forgets what it remembered."
    STATE_MAX_VALUE_BYTES = ["state_store"] "max_value_storage_bytes", Int(0, ANY), "65535";
        "Bytes of a remembered value above which its author is warned."
    STATE_CLEANUP_BATCH_SIZE = ["state_store"] "state_cleanup_batch_size", Int(0, ANY), "0";
        "Entries that `state-store clean` deletes in one transaction; 0: all."
    KERBEROS_CCACHE = ["kerberos"] "ccache", Path, "/tmp/airflow_krb5_ccache";
        "Where `kerberos` keeps the ticket."
    KERBEROS_PRINCIPAL = ["kerberos"] "principal", Text, "airflow";
        "Whose ticket `kerberos` keeps fresh; _HOST stands for this host's name."
    KERBEROS_REINIT_FREQUENCY = ["kerberos"] "reinit_frequency", Seconds(1.0), "3600";
        "Seconds between renewals of the ticket."
    KERBEROS_KINIT_PATH = ["kerberos"] "kinit_path", Text, "kinit";
        "The program that gets tickets."
    KERBEROS_KEYTAB = ["kerberos"] "keytab", Path, "airflow.keytab";
        "The file with the keys."
    KERBEROS_FORWARDABLE = ["kerberos"] "forwardable", Flag, "True";
        "Whether the ticket may be passed on to other hosts."
    KERBEROS_INCLUDE_IP = ["kerberos"] "include_ip", Flag, "True";
        "Whether the ticket is bound to this host's addresses."
    TRUSTED_PROXIES = ["tradewind"] "trusted_proxies", Text, "";
        "Addresses and networks, separated by commas, of proxies that may say on whose behalf they ask (X-Forwarded-For, [auth_proxy] remote_user_header)."
    WARM_HOSTS = ["tradewind"] "warm_hosts", Int(0, 10_000), "8";
        "DAG files that a worker keeps imported, so that their tasks start in a few milliseconds. 0 keeps none."
    PYTHON = ["tradewind"] "python", Path, "";
        "Python interpreter (3.9 or newer) for DAG files. Default: an active virtualenv that has what is needed, else $AIRFLOW_HOME/venv, made on first use."
    K8S_POD_TEMPLATE_FILE = ["kubernetes_executor"] "pod_template_file", Path, "";
        "The pod, in YAML, that every pod of the KubernetesExecutor is made of; its first container runs the task."
    K8S_WORKER_REPOSITORY = ["kubernetes_executor"] "worker_container_repository", Text, "";
        "Repository of the image that runs tasks, if the pod template does not say it."
    K8S_WORKER_TAG = ["kubernetes_executor"] "worker_container_tag", Text, "";
        "Tag of that image."
    K8S_NAMESPACE = ["kubernetes_executor"] "namespace", Text, "default";
        "The namespace in which pods are made."
    K8S_MULTI_NAMESPACE = ["kubernetes_executor"] "multi_namespace_mode", Flag, "False";
        "Whether the pod_override of a task may name another namespace."
    K8S_NAMESPACE_LIST = ["kubernetes_executor"] "multi_namespace_mode_namespace_list", Text, "";
        "With multi_namespace_mode: the namespaces in which the scheduler may make pods, separated by commas; empty: all, which needs a cluster role."
    K8S_DELETE_PODS = ["kubernetes_executor"] "delete_worker_pods", Flag, "True";
        "Whether a pod is deleted when its try is over."
    K8S_DELETE_PODS_ON_FAILURE = ["kubernetes_executor"] "delete_worker_pods_on_failure", Flag, "False";
        "With delete_worker_pods: also pods that failed themselves. A pod whose task failed has done its work well."
    K8S_CREATION_BATCH = ["kubernetes_executor"] "worker_pods_creation_batch_size", Int(1, 10_000), "16";
        "How many pods are asked for at once. In Airflow it is 1 for each round of the scheduler; there are no rounds here."
    K8S_FATAL_REASONS = ["kubernetes_executor"] "worker_pod_pending_fatal_container_state_reasons", Text, "CreateContainerConfigError,ErrImagePull,CreateContainerError,ImageInspectError,InvalidImageName";
        "Reasons of a waiting container with which its try fails at once, separated by commas."
    K8S_DELETE_OPTIONS = ["kubernetes_executor"] "delete_option_kwargs", Json, "";
        "How pods are deleted, as JSON: grace_period_seconds, propagation_policy."
    K8S_CLIENT_REQUEST_ARGS = ["kubernetes_executor"] "kube_client_request_args", Json, "";
        "As JSON: _request_timeout, the seconds that connecting to Kubernetes and its answer may take: one number, or two in a list."
    K8S_PUBLISH_RETRIES = ["kubernetes_executor"] "task_publish_max_retries", Int(-1, ANY), "0";
        "How often a pod is asked for again that exceeds a quota, before its try fails; -1: until there is room."
    K8S_LAUNCH_RETRIES = ["kubernetes_executor"] "pod_launch_failure_retries", Int(0, 1000), "1";
        "How often another pod is made when one ends or is deleted before its try began; that is no retry of the task."
    K8S_LAUNCH_EXCLUDED = ["kubernetes_executor"] "pod_launch_failure_excluded_container_reasons", Text, "Error";
        "Reasons of an ended container with which no other pod is made, separated by commas."
    K8S_LOG_LINES = ["kubernetes_executor"] "running_pod_log_lines", Int(1, 100_000), "100";
        "Lines that a pod printed which go to the try's log when the pod ends before its try begins."
    K8S_IN_CLUSTER = ["kubernetes_executor"] "in_cluster", Flag, "True";
        "Speak to Kubernetes with the account of the pod that the scheduler runs in. Unless it is set, so if it runs in one, and else by config_file."
    K8S_CLUSTER_CONTEXT = ["kubernetes_executor"] "cluster_context", Text, "";
        "Context of the kubeconfig; empty: its current one."
    K8S_CONFIG_FILE = ["kubernetes_executor"] "config_file", Path, "";
        "The kubeconfig; empty: the one that kubectl takes."
    K8S_VERIFY_SSL = ["kubernetes_executor"] "verify_ssl", Flag, "True";
        "Check the certificate of Kubernetes' API."
    K8S_SSL_CA_CERT = ["kubernetes_executor"] "ssl_ca_cert", Path, "";
        "A file with the authorities to check it against."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sane() {
        for (n, spec) in ALL.iter().enumerate() {
            assert_eq!(spec.key, spec.key.to_lowercase());
            assert!(spec.doc.ends_with('.'), "[{}] {}: the doc is a sentence", spec.section, spec.key);
            let again = ALL[n + 1..].iter().any(|o| o.section == spec.section && o.key == spec.key);
            assert!(!again, "[{}] {} twice", spec.section, spec.key);
        }
        assert_eq!(env_var(DAGS_FOLDER.section, DAGS_FOLDER.key), "AIRFLOW__CORE__DAGS_FOLDER");
        assert_eq!(env_var("celery.kubernetes", "x"), "AIRFLOW__CELERY_KUBERNETES__X");
    }

    #[test]
    fn sections_stand_together() {
        let mut seen: Vec<&str> = Vec::new();
        for spec in ALL {
            if seen.last() != Some(&spec.section) {
                assert!(!seen.contains(&spec.section), "[{}] is in two places", spec.section);
                seen.push(spec.section);
            }
        }
    }
}
