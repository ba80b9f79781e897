//! From options to the settings of each part.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration as StdDuration;

use serde_json::{Map, Value};
use tradewind_bundles::GitBundle;
use tradewind_core::Duration;
use tradewind_engine::callbacks::CallbackConfig;
use tradewind_engine::dag_processor::{IgnoreSyntax, ProcessorConfig};
use tradewind_engine::scheduler::SchedulerConfig;
use tradewind_protocol::serialized_dag::{DagDefaults, ExecutorName};
use tradewind_server::{AuthConfig, ExposeConfig, ServerConfig, ShownOption, StateStoreConfig};
use tradewind_worker::WorkerConfig;
use tradewind_worker::host::HostConfig;

use super::git_settings::GitSpec;
use crate::config::{Config, Spec, options};
use crate::error::CliError;
use crate::python_env::{EnvironmentName, PythonEnv};

fn duration(config: &Config, spec: &Spec) -> Duration {
    Duration::from_secs_f64(config.seconds(spec).as_secs_f64())
}

fn count<T: TryFrom<i64> + Default>(config: &Config, spec: &Spec) -> T {
    T::try_from(config.int(spec)).unwrap_or_default()
}

/// Seconds as the engine counts them.
pub fn span(config: &Config, spec: &Spec) -> Duration {
    duration(config, spec)
}

/// What DAG files leave open.
pub fn dag_defaults(config: &Config) -> DagDefaults {
    DagDefaults {
        max_active_runs: count(config, &options::MAX_ACTIVE_RUNS_PER_DAG),
        max_active_tasks: count(config, &options::MAX_ACTIVE_TASKS_PER_DAG),
        retries: count(config, &options::DEFAULT_TASK_RETRIES),
        retry_delay: duration(config, &options::DEFAULT_TASK_RETRY_DELAY),
        max_retry_delay: duration(config, &options::MAX_TASK_RETRY_DELAY),
        queue: config.text(&options::DEFAULT_QUEUE).to_owned(),
        executors: ExecutorName::list(config.text(&options::EXECUTOR)),
        max_downstream_keys: count(config, &options::PARTITION_MAPPER_MAX_DOWNSTREAM_KEYS),
        conf_overrides_params: config.flag(&options::DAG_RUN_CONF_OVERRIDES_PARAMS),
        rerun_with_latest_version: config
            .is_set(&options::RERUN_WITH_LATEST_VERSION)
            .then(|| config.flag(&options::RERUN_WITH_LATEST_VERSION)),
    }
}

/// Of the scheduler.
pub fn scheduler(config: &Config) -> SchedulerConfig {
    SchedulerConfig {
        defaults: dag_defaults(config),
        heartbeat: duration(config, &options::JOB_HEARTBEAT_SEC),
        dead_after: duration(config, &options::SCHEDULER_HEALTH_CHECK_THRESHOLD),
        task_heartbeat_timeout: duration(config, &options::TASK_INSTANCE_HEARTBEAT_TIMEOUT),
        max_runs_per_tick: count(config, &options::MAX_DAGRUNS_TO_CREATE_PER_LOOP),
        create_runs: config.flag(&options::USE_JOB_SCHEDULE),
        hostname: super::hostname(),
        poll: Duration::from_secs(10),
    }
}

/// A folder of DAG files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its name.
    pub name: String,
    /// The folder.
    pub root: PathBuf,
    /// The Python environment of its files and tasks.
    pub environment: EnvironmentName,
    /// The repository that it comes from; `root` is then where the last known commit is.
    pub git: Option<GitSpec>,
    /// The commit that `root` has, if it has just one.
    pub commit: Option<String>,
}

/// The folders of DAG files: `[dag_processor] dag_bundle_config_list`, else `[core] dags_folder`.
///
/// # Errors
/// A bundle that is not a local folder; exit code 2.
pub fn bundles(config: &Config) -> Result<Vec<Bundle>, CliError> {
    let bundle = |name: &str, root: PathBuf| Bundle {
        name: name.into(),
        root,
        environment: EnvironmentName::Common,
        git: None,
        commit: None,
    };
    let folder = || bundle("dags-folder", config.path(&options::DAGS_FOLDER));
    let examples = config
        .flag(&options::LOAD_EXAMPLES)
        .then(|| bundle(EXAMPLES_BUNDLE, config.home().join(".tradewind/examples")));
    let Some(text) = config.some_text(&options::DAG_BUNDLE_CONFIG_LIST) else {
        return Ok(std::iter::once(folder()).chain(examples).collect());
    };
    let place = &config.setting(&options::DAG_BUNDLE_CONFIG_LIST).source;
    let wrong = |what: &str| CliError::usage(format!("{place}: [dag_processor] dag_bundle_config_list: {what}"));
    let list: Vec<Value> = serde_json::from_str(text).map_err(|error| wrong(&format!("{error}")))?;
    let mut bundles = Vec::new();
    for entry in &list {
        let name = entry["name"].as_str().ok_or_else(|| wrong("every bundle needs a \"name\""))?;
        let class = entry["classpath"].as_str().unwrap_or("airflow.dag_processing.bundles.local.LocalDagBundle");
        let git = match class.rsplit('.').next() {
            Some("LocalDagBundle") => None,
            Some("GitDagBundle") => {
                if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
                    return Err(wrong(&format!("'{name}' can't be the name of a folder, which a Git bundle needs")));
                }
                let none = Map::new();
                let kwargs = entry["kwargs"].as_object().unwrap_or(&none);
                let read = GitSpec::read(name, kwargs, &bundle_storage(config), config.home());
                Some(read.map_err(|what| wrong(&format!("the bundle '{name}': {what}")))?)
            }
            _ => {
                return Err(wrong(&format!("the bundle '{name}' is a {class}, which is not available"))
                    .hint("use GitDagBundle, or LocalDagBundle on a folder that something else keeps up to date"));
            }
        };
        let environment = match entry.get("environment").or_else(|| entry["kwargs"].get("environment")) {
            None | Some(Value::Null) => EnvironmentName::Common,
            Some(Value::String(text)) => EnvironmentName::parse(text, config.home())
                .map_err(|what| wrong(&format!("the environment of the bundle '{name}': {what}")))?,
            Some(other) => {
                return Err(wrong(&format!(
                    "the environment of the bundle '{name}' is {other}; a name or a path is a text"
                )));
            }
        };
        let root = match &git {
            Some(git) => GitBundle::new(git.settings.clone()).current(),
            None => entry["kwargs"]["path"].as_str().map_or_else(|| folder().root, |path| config.home().join(path)),
        };
        bundles.push(Bundle { name: name.to_owned(), root, environment, git, commit: None });
    }
    if bundles.is_empty() {
        return Err(wrong("the list is empty"));
    }
    bundles.extend(examples);
    Ok(bundles)
}

/// Where bundles keep their copies: `[dag_processor] dag_bundle_storage_path`, else among temporary files as in Airflow.
fn bundle_storage(config: &Config) -> PathBuf {
    match config.some_text(&options::DAG_BUNDLE_STORAGE_PATH) {
        Some(path) => config.home().join(path),
        None => std::env::temp_dir().join("airflow/dag_bundles"),
    }
}

/// Those of [`bundles`] that are named; all when none is.
///
/// # Errors
/// There is no bundle of a name; exit code 2.
pub fn bundles_named(config: &Config, names: &[String]) -> Result<Vec<Bundle>, CliError> {
    let mut all = bundles(config)?;
    if let Some(missing) = names.iter().find(|name| all.iter().all(|bundle| bundle.name != **name)) {
        let there: Vec<&str> = all.iter().map(|bundle| bundle.name.as_str()).collect();
        return Err(CliError::usage(format!("there is no bundle '{missing}'"))
            .hint(format!("the configuration has {}", there.join(", "))));
    }
    all.retain(|bundle| names.is_empty() || names.contains(&bundle.name));
    Ok(all)
}

/// Name of the folder with the example DAGs.
const EXAMPLES_BUNDLE: &str = "example_dags";

/// Writes the example DAGs where [`bundles`] says that they are, if they are wanted.
///
/// # Errors
/// The home cannot be written to.
pub fn write_examples(config: &Config, bundles: &[Bundle]) -> Result<(), CliError> {
    let Some(bundle) = bundles.iter().find(|b| b.name == EXAMPLES_BUNDLE && config.flag(&options::LOAD_EXAMPLES))
    else {
        return Ok(());
    };
    std::fs::create_dir_all(&bundle.root)?;
    for (name, content) in crate::python_env::EXAMPLES {
        let path = bundle.root.join(name);
        // An unchanged file stays as it is, so that it is not parsed again.
        if std::fs::read(&path).is_ok_and(|there| there == *content) {
            continue;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

/// Of the dag processor of one folder.
pub fn processor(config: &Config, bundle: &Bundle) -> ProcessorConfig {
    ProcessorConfig {
        bundle: bundle.name.clone(),
        root: bundle.root.clone(),
        version: bundle.commit.clone(),
        pins: bundle.git.is_some() && !config.flag(&options::DISABLE_BUNDLE_VERSIONING),
        // The host ends an import that takes longer than the smaller of both.
        parse_timeout: duration(config, &options::DAG_FILE_PROCESSOR_TIMEOUT).min(import_timeout(config)),
        parallelism: count(config, &options::PARSING_PROCESSES),
        scan_every: duration(config, &options::REFRESH_INTERVAL),
        reparse_after: duration(config, &options::MIN_FILE_PROCESS_INTERVAL),
        safe_mode: config.flag(&options::DAG_DISCOVERY_SAFE_MODE),
        ignore_syntax: match config.text(&options::DAG_IGNORE_FILE_SYNTAX) {
            "regexp" => IgnoreSyntax::Regexp,
            _ => IgnoreSyntax::Glob,
        },
        paused_at_creation: config.flag(&options::DAGS_ARE_PAUSED_AT_CREATION),
        hostname: super::hostname(),
        heartbeat: duration(config, &options::JOB_HEARTBEAT_SEC),
        defaults: dag_defaults(config),
        settings: parse_settings(config),
        environment: None,
    }
}

/// Of what runs callbacks beside the dag processors.
pub fn callbacks(config: &Config, bundles: &[Bundle]) -> CallbackConfig {
    CallbackConfig {
        bundles: bundles.iter().map(|bundle| bundle.name.clone()).collect(),
        parallelism: count(config, &options::PARSING_PROCESSES),
        per_claim: count(config, &options::MAX_CALLBACKS_PER_LOOP),
        timeout: Duration::from_secs_f64(callback_timeout(config).as_secs_f64()),
        hostname: super::hostname(),
        heartbeat: duration(config, &options::JOB_HEARTBEAT_SEC),
    }
}

/// `[callbacks] callback_execution_timeout`; 0 means our own limit, for a callback that hangs must not hang for ever.
pub fn callback_timeout(config: &Config) -> StdDuration {
    match config.seconds(&options::CALLBACK_EXECUTION_TIMEOUT) {
        StdDuration::ZERO => StdDuration::from_secs(300),
        timeout => timeout,
    }
}

/// What of the configuration changes what a DAG file means.
fn parse_settings(config: &Config) -> String {
    let options = PARSE_OPTIONS.iter().map(|spec| format!("{}={}\n", spec.key, config.text(spec)));
    options.chain([format!("{:?}", dag_defaults(config))]).collect()
}

/// Options that Python reads while it turns a file into DAGs.
const PARSE_OPTIONS: &[&Spec] = &[
    &options::CATCHUP_BY_DEFAULT,
    &options::CREATE_CRON_DATA_INTERVALS,
    &options::CREATE_DELTA_DATA_INTERVALS,
    &options::DEFAULT_TIMEZONE,
    &options::DEFAULT_TASK_WEIGHT_RULE,
    &options::DEFAULT_TASK_EXECUTION_TIMEOUT,
    &options::MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG,
];

/// `[core] dagbag_import_timeout`; 0 means none.
fn import_timeout(config: &Config) -> Duration {
    match duration(config, &options::DAGBAG_IMPORT_TIMEOUT) {
        Duration::ZERO => Duration::from_secs(i64::from(i32::MAX)),
        timeout => timeout,
    }
}

/// Of python hosts.
pub fn hosts(config: &Config, python: &PythonEnv) -> HostConfig {
    let mut hosts = HostConfig::new(&python.interpreter, python.package_path.iter().cloned().collect());
    hosts.follow.clone_from(&python.follow);
    // What we decided must be what DAG files see, wherever it was set.
    hosts.env.push((OsString::from("AIRFLOW_HOME"), config.home().into()));
    hosts.warm_hosts = count(config, &options::WARM_HOSTS);
    hosts
}

/// Of a worker in the scheduler's process.
pub fn local_worker(config: &Config, bundles: &[Bundle]) -> WorkerConfig {
    let mut worker = WorkerConfig::new(super::hostname(), config.path(&options::BASE_LOG_FOLDER));
    worker.concurrency = count(config, &options::PARALLELISM);
    worker.bundles = bundles.iter().map(|b| (b.name.clone(), b.root.clone())).collect::<BTreeMap<_, _>>();
    worker.repositories = super::repositories::for_worker(config, bundles);
    worker.queues = vec![config.text(&options::DEFAULT_QUEUE).to_owned()];
    worker.killed_task_cleanup_time = config.seconds(&options::KILLED_TASK_CLEANUP_TIME);
    worker.callback_timeout = callback_timeout(config);
    worker.secrets = super::secrets::of(config, std::env::vars());
    worker
}

/// Of the api-server.
pub fn server(config: &Config) -> ServerConfig {
    let port = count(config, &options::API_PORT);
    let host = config.text(&options::API_HOST).to_owned();
    let base_url = config.some_text(&options::API_BASE_URL).map_or_else(|| local_url(&host, port), str::to_owned);
    ServerConfig {
        patience: tradewind_server::Patience::default(),
        hostname: super::hostname(),
        base_url,
        host,
        port,
        instance_name: config.some_text(&options::INSTANCE_NAME).unwrap_or("Tradewind").to_owned(),
        maximum_page_limit: count(config, &options::MAXIMUM_PAGE_LIMIT),
        fallback_page_limit: count(config, &options::FALLBACK_PAGE_LIMIT),
        // Ways of logging in are for api-servers alone: `roles::access`.
        auth: AuthConfig::default(),
        jwt_expiration: seconds(config, &options::JWT_EXPIRATION_TIME),
        jwt_cli_expiration: seconds(config, &options::JWT_CLI_EXPIRATION_TIME),
        try_token_expiration: seconds(config, &options::EXECUTION_JWT_EXPIRATION_TIME),
        all_admins: config.flag(&options::SIMPLE_AUTH_MANAGER_ALL_ADMINS),
        log_folder: config.path(&options::BASE_LOG_FOLDER),
        expose_config: match config.text(&options::EXPOSE_CONFIG).to_lowercase().as_str() {
            "true" | "t" | "1" => ExposeConfig::Full,
            "non-sensitive-only" => ExposeConfig::NonSensitive,
            _ => ExposeConfig::No,
        },
        shown_config: shown(config),
        test_connection: config.text(&options::TEST_CONNECTION) == "Enabled",
        allowed_run_id_pattern: config.text(&options::ALLOWED_RUN_ID_PATTERN).to_owned(),
        health_check_threshold: config.seconds(&options::SCHEDULER_HEALTH_CHECK_THRESHOLD),
        worker_heartbeat: config.seconds(&options::MIN_HEARTBEAT_INTERVAL),
        dag_defaults: dag_defaults(config),
        state_store: StateStoreConfig {
            default_retention_days: count(config, &options::STATE_RETENTION_DAYS),
            clear_on_success: config.flag(&options::STATE_CLEAR_ON_SUCCESS),
        },
        executors: executors(config),
        worker_concurrency: count(config, &options::CELERY_WORKER_CONCURRENCY),
    }
}

/// Names and slots of the executors, to explain what tasks wait for. The default one has an empty name as well.
pub fn executors(config: &Config) -> Vec<(String, Option<u32>)> {
    let slots = |class: &str| match class {
        "SequentialExecutor" => Some(1),
        "EdgeExecutor" => None,
        _ => Some(count(config, &options::PARALLELISM)),
    };
    let names = ExecutorName::list(config.text(&options::EXECUTOR));
    let default = names.first().map(|name| (String::new(), slots(name.class())));
    default.into_iter().chain(names.iter().map(|name| (name.class().to_owned(), slots(name.class())))).collect()
}

fn seconds(config: &Config, spec: &Spec) -> StdDuration {
    StdDuration::from_secs(count(config, spec))
}

fn shown(config: &Config) -> Vec<ShownOption> {
    let ours = options::ALL.iter().map(|spec| ShownOption {
        section: spec.section.to_owned(),
        option: spec.key.to_owned(),
        value: config.text(spec).to_owned(),
        secret: spec.sensitive,
    });
    ours.collect()
}

/// The address of a server of this machine, for people and local workers.
pub fn local_url(host: &str, port: u16) -> String {
    match host {
        "0.0.0.0" | "" => format!("http://localhost:{port}"),
        "::" => format!("http://localhost:{port}"),
        host if host.contains(':') => format!("http://[{host}]:{port}"),
        host => format!("http://{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(env: &[(&str, &str)]) -> Config {
        let env = env.iter().chain(&[("AIRFLOW_HOME", "/h")]).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::from_env(env).unwrap()
    }

    #[test]
    fn bundles_are_folders() {
        let list = |text: &str| bundles(&config(&[("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", text)]));
        let bundle = |name: &str, root: &str| Bundle {
            name: name.into(),
            root: root.into(),
            environment: EnvironmentName::Common,
            git: None,
            commit: None,
        };
        assert_eq!(bundles(&config(&[])).unwrap(), [bundle("dags-folder", "/h/dags")]);
        assert_eq!(
            list(r#"[{"name": "a", "kwargs": {}}, {"name": "b", "classpath": "x.LocalDagBundle", "kwargs": {"path": "/p"}}]"#)
                .unwrap(),
            [bundle("a", "/h/dags"), bundle("b", "/p")]
        );
        let error = list(r#"[{"name": "g", "classpath": "airflow.providers.amazon.aws.bundles.s3.S3DagBundle"}]"#);
        let error = error.unwrap_err();
        assert!(error.message.contains("'g' is a airflow.providers.amazon") && error.code == 2, "{error}");
        let git = |kwargs: &str| {
            let class = "airflow.providers.git.bundles.git.GitDagBundle";
            list(&format!(r#"[{{"name": "g", "classpath": "{class}", "kwargs": {kwargs}}}]"#))
        };
        let found = git(r#"{"tracking_ref": "main", "repo_url": "/r", "subdir": "dags"}"#).unwrap();
        assert!(found[0].root.ends_with("dag_bundles/g/current/dags"), "{found:?}");
        let error = git("{}").unwrap_err();
        assert!(error.message.contains("'g': GitDagBundle needs a tracking_ref"), "{error}");
        let own = |text: &str| list(&format!(r#"[{{"name": "a", "kwargs": {{"environment": {text}}}}}]"#));
        assert_eq!(own(r#""etl""#).unwrap()[0].environment, EnvironmentName::Named("etl".into()));
        assert_eq!(own(r#""./etl""#).unwrap()[0].environment, EnvironmentName::At("/h/./etl".into()));
        assert!(own("3").unwrap_err().message.contains("a name or a path is a text"));
        assert!(own(r#""e t""#).unwrap_err().message.contains("is no name of an environment"));
        assert!(list("[]").unwrap_err().message.ends_with("the list is empty"));
    }

    #[test]
    fn another_meaning_of_schedules_makes_files_be_parsed_again() {
        let settings = |env: &[(&str, &str)]| {
            let config = config(env);
            processor(&config, &bundles(&config).unwrap()[0]).settings
        };
        for name in ["CATCHUP_BY_DEFAULT", "CREATE_CRON_DATA_INTERVALS", "CREATE_DELTA_DATA_INTERVALS"] {
            assert_ne!(settings(&[]), settings(&[(&format!("AIRFLOW__SCHEDULER__{name}"), "True")]), "{name}");
        }
        assert_eq!(settings(&[]), settings(&[("AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT", "False")]));
        assert_eq!(settings(&[]), settings(&[("AIRFLOW__API__PORT", "1")]));
    }

    #[test]
    fn defaults_are_airflows() {
        let config = config(&[]);
        assert_eq!(dag_defaults(&config).retry_delay, Duration::from_secs(300));
        assert_eq!(scheduler(&config).task_heartbeat_timeout, Duration::from_secs(300));
        assert_eq!(server(&config).base_url, "http://localhost:8080");
        assert_eq!(processor(&config, &bundles(&config).unwrap()[0]).parse_timeout, Duration::from_secs(30));
    }
}
