//! The Kubernetes executor, as configured.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tradewind_executors::Executor;
use tradewind_executors::kubernetes::{Access, KubernetesConfig, KubernetesExecutor, read_template};
use tradewind_server::Tokens;
use tradewind_store::Store;
use tradewind_worker::HttpTaskApi;

use super::desk::Desk;
use super::{PythonPodHook, access, settings};
use crate::config::{Config, Spec, options as o};
use crate::error::CliError;
use crate::progress::Progress;
use crate::python_env;

/// Version of Airflow that labels of pods tell of.
const AIRFLOW: &str = "3.3.2";

/// Starts nothing yet: the scheduler says when.
///
/// # Errors
/// Something in `[kubernetes_executor]` cannot be used; the database does not answer.
pub async fn executor(config: &Config, store: &Store, parallelism: u32) -> Result<Arc<dyn Executor>, CliError> {
    let url = server_url(config).ok_or_else(|| {
        CliError::usage("the KubernetesExecutor has to tell its pods where the api-server is").hint(
            "set [core] execution_api_server_url (AIRFLOW__CORE__EXECUTION_API_SERVER_URL) to an address that pods reach, such as http://airflow-api-server:8080",
        )
    })?;
    let settings = pods(config, &url)?;
    if let Some(path) = &settings.pod_template_file {
        read_template(path).map_err(CliError::usage)?;
    }
    let client = access(config)?.client().await.map_err(CliError::usage)?;
    let tokens = Tokens::load(store, &access::auth(config)?.jwt).await.map_err(|e| CliError::failed(e.to_string()))?;
    let logs = HttpTaskApi::new(&url, Arc::new(String::new))
        .map_err(|error| CliError::usage(error.message))?
        .with_patience(Duration::from_secs(10));
    let desk = Desk::new(store.clone(), tokens, logs, settings::scheduler(config).dead_after);
    Ok(Arc::new(KubernetesExecutor::new(settings, client, desk, Some(Arc::new(hook(config)?)), parallelism)))
}

/// The installation's `pod_mutation_hook`, if it has one.
///
/// # Errors
/// There is no usable Python.
pub fn hook(config: &Config) -> Result<PythonPodHook, CliError> {
    let progress = Progress::new();
    let python = python_env::prepare(config, &progress)?;
    progress.done();
    Ok(PythonPodHook::new(config, python))
}

/// Where pods find the api-server; `None`: nobody said, and this machine's own address would be wrong.
pub fn server_url(config: &Config) -> Option<String> {
    let given = config.some_text(&o::EXECUTION_API_SERVER_URL).or_else(|| config.some_text(&o::API_BASE_URL))?;
    let url = given.trim_end_matches('/');
    Some(url.strip_suffix("/execution").unwrap_or(url).to_owned())
}

fn wrong(spec: &Spec, message: impl std::fmt::Display) -> CliError {
    CliError::usage(format!("[{}] {}: {message}", spec.section, spec.key))
}

fn words(config: &Config, spec: &Spec) -> Vec<String> {
    let words = config.text(spec).split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A JSON object that has no other keys.
fn object(config: &Config, spec: &Spec, keys: &[&str]) -> Result<Value, CliError> {
    let Some(text) = config.some_text(spec) else { return Ok(Value::Null) };
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(spec, error))?;
    let fields = value.as_object().ok_or_else(|| wrong(spec, "it is no JSON object"))?;
    match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(wrong(spec, format!("nothing is known of '{key}'; it may have {}", keys.join(", ")))),
        None => Ok(value),
    }
}

/// What a deletion of a pod says besides, in Python's or in Kubernetes' spelling.
fn delete_options(config: &Config) -> Result<Value, CliError> {
    let spec = &o::K8S_DELETE_OPTIONS;
    let keys = ["grace_period_seconds", "propagation_policy", "gracePeriodSeconds", "propagationPolicy"];
    let options = object(config, spec, &keys)?;
    for grace in [&options["grace_period_seconds"], &options["gracePeriodSeconds"]] {
        if !grace.is_null() && grace.as_u64().is_none_or(|seconds| u32::try_from(seconds).is_err()) {
            return Err(wrong(spec, format!("grace_period_seconds is {grace}; it must be a number of seconds")));
        }
    }
    for policy in [&options["propagation_policy"], &options["propagationPolicy"]] {
        if !policy.is_null() && !policy.as_str().is_some_and(|p| ["Orphan", "Background", "Foreground"].contains(&p)) {
            return Err(wrong(
                spec,
                format!("propagation_policy is {policy}; it must be Orphan, Background or Foreground"),
            ));
        }
    }
    Ok(options)
}

/// How Kubernetes is reached.
///
/// # Errors
/// An option that is not what it should be.
pub fn access(config: &Config) -> Result<Access, CliError> {
    let path = |spec: &'static Spec| config.some_text(spec).map(|_| config.path(spec));
    let mut access = Access {
        in_cluster: config.is_set(&o::K8S_IN_CLUSTER).then(|| config.flag(&o::K8S_IN_CLUSTER)),
        cluster_context: config.some_text(&o::K8S_CLUSTER_CONTEXT).map(str::to_owned),
        config_file: path(&o::K8S_CONFIG_FILE),
        verify_ssl: config.flag(&o::K8S_VERIFY_SSL),
        ssl_ca_cert: path(&o::K8S_SSL_CA_CERT),
        ..Access::default()
    };
    let arguments = object(config, &o::K8S_CLIENT_REQUEST_ARGS, &["_request_timeout"])?;
    let timeout = &arguments["_request_timeout"];
    if !timeout.is_null() {
        // One number for everything, or one for connecting and one for the answer.
        let seconds = |value: &Value| value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds < 1e6);
        let both = match timeout.as_array().map(Vec::as_slice) {
            Some([connect, answer]) => seconds(connect).zip(seconds(answer)),
            Some(_) => None,
            None => seconds(timeout).map(|all| (all, all)),
        };
        let (connect, answer) = both.ok_or_else(|| {
            wrong(&o::K8S_CLIENT_REQUEST_ARGS, "_request_timeout is a number of seconds, or two of them in a list")
        })?;
        access.connect_timeout = Duration::from_secs_f64(connect);
        access.answer_timeout = Duration::from_secs_f64(answer);
    }
    Ok(access)
}

/// What pods are like.
///
/// # Errors
/// An option that is not what it should be.
pub fn pods(config: &Config, url: &str) -> Result<KubernetesConfig, CliError> {
    let mut pods = KubernetesConfig::new(url);
    AIRFLOW.clone_into(&mut pods.airflow_version);
    pods.pod_template_file =
        config.some_text(&o::K8S_POD_TEMPLATE_FILE).map(|_| config.path(&o::K8S_POD_TEMPLATE_FILE));
    pods.template = super::pod_options::template(config)?;
    pods.image = config.some_text(&o::K8S_WORKER_REPOSITORY).map(|repository| {
        config.some_text(&o::K8S_WORKER_TAG).map_or_else(|| repository.to_owned(), |tag| format!("{repository}:{tag}"))
    });
    config.text(&o::K8S_NAMESPACE).clone_into(&mut pods.namespace);
    pods.multi_namespace_mode = config.flag(&o::K8S_MULTI_NAMESPACE);
    pods.namespaces = words(config, &o::K8S_NAMESPACE_LIST);
    pods.delete_worker_pods = config.flag(&o::K8S_DELETE_PODS);
    pods.delete_worker_pods_on_failure = config.flag(&o::K8S_DELETE_PODS_ON_FAILURE);
    pods.creation_concurrency = usize::try_from(config.int(&o::K8S_CREATION_BATCH)).unwrap_or(1).max(1);
    pods.delete_options = delete_options(config)?;
    pods.answer_timeout = access(config)?.answer_timeout;
    pods.fatal_reasons = words(config, &o::K8S_FATAL_REASONS);
    pods.task_publish_max_retries = config.int(&o::K8S_PUBLISH_RETRIES);
    pods.pod_launch_failure_retries = u32::try_from(config.int(&o::K8S_LAUNCH_RETRIES)).unwrap_or(u32::MAX);
    pods.launch_failure_excluded_reasons = words(config, &o::K8S_LAUNCH_EXCLUDED);
    pods.pod_log_lines = config.int(&o::K8S_LOG_LINES);
    pods.queued_timeout = config.seconds(&o::TASK_QUEUED_TIMEOUT);
    // A pod may begin at the last moment, and has its own token then until its first heartbeat.
    let server = settings::server(config);
    pods.token_lasts = pods.queued_timeout + server.try_token_expiration;
    pods.heartbeat = server.worker_heartbeat;
    Ok(pods)
}
