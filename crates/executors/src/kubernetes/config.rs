//! How the Kubernetes executor is set up.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// Settings of the executor; names are those of `[kubernetes_executor]` where it has them.
#[derive(Clone, Debug)]
pub struct KubernetesConfig {
    /// The pod that every worker pod is made of, in YAML.
    pub pod_template_file: Option<PathBuf>,
    /// The pod, if there is no such file.
    pub template: Option<Value>,
    /// The worker's image, `repository:tag`, if it is not (only) the template's.
    pub image: Option<String>,
    /// Where pods are made.
    pub namespace: String,
    /// A task's `pod_override` may name another namespace.
    pub multi_namespace_mode: bool,
    /// Which ones; empty: any.
    pub namespaces: Vec<String>,
    /// Pods go when their try is over.
    pub delete_worker_pods: bool,
    /// Also those that failed themselves.
    pub delete_worker_pods_on_failure: bool,
    /// Requests at once that make pods.
    pub creation_concurrency: usize,
    /// What a deletion says besides: fields of `DeleteOptions`.
    pub delete_options: Value,
    /// Reasons of waiting containers that never go away.
    pub fatal_reasons: Vec<String>,
    /// How often a pod that exceeds a quota is asked for again; -1: always.
    pub task_publish_max_retries: i64,
    /// How often another pod is made when one ends before its try began.
    pub pod_launch_failure_retries: u32,
    /// Reasons of ended containers with which that is not done.
    pub launch_failure_excluded_reasons: Vec<String>,
    /// Lines of a failed pod's own output that go to the try's log.
    pub pod_log_lines: i64,
    /// `[scheduler] task_queued_timeout`: a pod that does not run after so long is given up.
    pub queued_timeout: Duration,
    /// Longest time for an answer of Kubernetes.
    pub answer_timeout: Duration,
    /// How long the token is good that a pod begins with.
    pub token_lasts: Duration,
    /// How often workers heartbeat.
    pub heartbeat: Duration,
    /// The api-server's address as pods see it.
    pub server_url: String,
    /// Version of Airflow that labels tell of.
    pub airflow_version: String,
}

impl KubernetesConfig {
    /// Airflow's defaults.
    pub fn new(server_url: impl Into<String>) -> Self {
        let words = |text: &str| text.split(',').map(str::to_owned).collect();
        Self {
            pod_template_file: None,
            template: None,
            image: None,
            namespace: "default".into(),
            multi_namespace_mode: false,
            namespaces: Vec::new(),
            delete_worker_pods: true,
            delete_worker_pods_on_failure: false,
            creation_concurrency: 16,
            delete_options: Value::Null,
            fatal_reasons: words(
                "CreateContainerConfigError,ErrImagePull,CreateContainerError,ImageInspectError,InvalidImageName",
            ),
            task_publish_max_retries: 0,
            pod_launch_failure_retries: 1,
            launch_failure_excluded_reasons: words("Error"),
            pod_log_lines: 100,
            queued_timeout: Duration::from_secs(600),
            answer_timeout: Duration::from_secs(30),
            token_lasts: Duration::from_secs(1200),
            heartbeat: Duration::from_secs(5),
            server_url: server_url.into(),
            airflow_version: "3.3.2".into(),
        }
    }

    /// Namespaces to watch; `None`: all.
    pub fn watched(&self) -> Vec<Option<String>> {
        match (self.multi_namespace_mode, self.namespaces.is_empty()) {
            (false, _) => vec![Some(self.namespace.clone())],
            (true, true) => vec![None],
            (true, false) => {
                let mut names = self.namespaces.clone();
                names.push(self.namespace.clone());
                names.sort();
                names.dedup();
                names.into_iter().map(Some).collect()
            }
        }
    }
}
