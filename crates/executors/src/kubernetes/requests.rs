//! Requests to Kubernetes about pods.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, LogParams, Patch, PatchParams, PostParams, PropagationPolicy};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tradewind_protocol::Workload;

use super::access::Trouble;
use super::config::KubernetesConfig;
use super::hook::PodHook;
use super::pod::{Asker, DONE, Described, OWNER, QUEUED_AT, TRY, describe};
use super::sight::{Sight, see};
use crate::TryDesk;

/// Requests at once that are not about new pods.
const TIDYING: usize = 16;
/// Longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A pod's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Where.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// Of a pod that the server told of.
    pub fn of(pod: &Pod) -> Self {
        Self { namespace: pod.namespace().unwrap_or_default(), name: pod.name_any() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Requests {
    pub(super) client: Client,
    pub(super) config: Arc<KubernetesConfig>,
    pub(super) desk: Arc<dyn TryDesk>,
    hook: Option<Arc<dyn PodHook>>,
    tidying: Arc<Semaphore>,
}

impl Requests {
    pub(super) fn new(
        client: Client,
        config: Arc<KubernetesConfig>,
        desk: Arc<dyn TryDesk>,
        hook: Option<Arc<dyn PodHook>>,
    ) -> Self {
        Self { client, config, desk, hook, tidying: Arc::new(Semaphore::new(TIDYING)) }
    }

    fn api(&self, key: &Key) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &key.namespace)
    }

    /// Asks for the pod of a try; one that is there already, and may still run the try, is as good as a new one.
    pub(super) async fn create(&self, workload: &Workload, scheduler: i64, launch: u32) -> Result<Pod, Trouble> {
        let token = self.desk.token(workload.try_id, self.config.token_lasts);
        let asker = Asker { scheduler, token: &token, launch };
        let mut described = describe(&self.config, workload, &asker).map_err(Trouble::Unasked)?;
        for remark in described.remarks.iter().filter(|_| launch == 0) {
            self.desk.say(workload.try_id, "warning", remark).await;
        }
        if let Some(hook) = &self.hook {
            described = self.changed(workload, described, hook.as_ref()).await?;
        }
        let Described { namespace, name, pod, .. } = described;
        match self.post(&namespace, &pod).await {
            Err(Trouble::Exists) => {
                let key = Key { namespace, name };
                let there = self.within(async { Ok(self.api(&key).get(&key.name).await?) }).await;
                match there {
                    Ok(there) if is_good_for(&there, workload) => Ok(there),
                    Ok(_) | Err(Trouble::Missing) => Err(Trouble::Exists),
                    Err(trouble) => Err(trouble),
                }
            }
            answer => answer,
        }
    }

    /// As the installation's hook leaves it.
    async fn changed(&self, workload: &Workload, pod: Described, hook: &dyn PodHook) -> Result<Described, Trouble> {
        match hook.change(pod.pod.clone()).await {
            Ok(changed) => Ok(pod.changed(changed)),
            Err(failure) => {
                if let Some(traceback) = &failure.traceback {
                    self.desk.say(workload.try_id, "error", traceback).await;
                }
                Err(Trouble::Unasked(format!("pod_mutation_hook failed: {}", failure.words)))
            }
        }
    }

    /// An answer, or [`Trouble::Away`] when none comes.
    async fn within<T>(&self, request: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let longest = self.config.answer_timeout;
        match tokio::time::timeout(longest, request).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Away(format!("no answer within {} s", longest.as_secs_f64()))),
        }
    }

    async fn post(&self, namespace: &str, pod: &Value) -> Result<Pod, Trouble> {
        let body = pod.to_string().into_bytes();
        let request = kube::core::Request::new(Pod::url_path(&(), Some(namespace)))
            .create(&PostParams::default(), body)
            .map_err(|error| Trouble::Refused(error.to_string()))?;
        self.within(async { Ok(self.client.request::<Pod>(request).await?) }).await
    }

    /// Deletes a pod, however long Kubernetes is away.
    pub(super) async fn remove(&self, key: Key) {
        self.insist(&key, &Change::Deletion).await;
    }

    /// Labels a pod that is kept as one that nobody looks after any more.
    pub(super) async fn let_be(&self, key: Key) {
        self.insist(&key, &Change::Label(DONE, "True".into())).await;
    }

    /// Takes a pod over from another scheduler.
    pub(super) async fn adopt(&self, key: Key, scheduler: i64) {
        self.insist(&key, &Change::Label(OWNER, scheduler.to_string())).await;
    }

    async fn change(&self, key: &Key, change: &Change) -> Result<(), Trouble> {
        let api = self.api(key);
        match change {
            Change::Deletion => {
                let parameters = delete_parameters(&self.config.delete_options);
                self.within(async { Ok(api.delete(&key.name, &parameters).await?) }).await.map(drop)
            }
            Change::Label(name, value) => {
                let patch = Patch::Merge(json!({"metadata": {"labels": {*name: value}}}));
                self.within(async { Ok(api.patch(&key.name, &PatchParams::default(), &patch).await?) }).await.map(drop)
            }
        }
    }

    /// The end of what a pod's container printed.
    pub(super) async fn last_words(&self, key: &Key) -> Option<String> {
        let parameters = LogParams { tail_lines: Some(self.config.pod_log_lines), ..LogParams::default() };
        let words = self.within(async { Ok(self.api(key).logs(&key.name, &parameters).await?) }).await.ok()?;
        Some(words).filter(|words| !words.trim().is_empty())
    }

    /// Until it is done, or the pod is gone, or it is refused for good.
    async fn insist(&self, key: &Key, change: &Change) {
        let Ok(_place) = self.tidying.acquire().await else { return };
        let mut pause = Duration::from_millis(500);
        loop {
            match self.change(key, change).await {
                Ok(()) | Err(Trouble::Missing) => return,
                Err(Trouble::Away(words)) => {
                    tracing::warn!(pod = %key, ?change, words, "cannot change a pod; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(trouble) => {
                    tracing::error!(pod = %key, ?change, ?trouble, "cannot change a pod; it stays as it is");
                    return;
                }
            }
        }
    }
}

/// What is done to a pod that is there.
#[derive(Clone, Debug)]
enum Change {
    Deletion,
    /// Name and value.
    Label(&'static str, String),
}

/// Whether a pod was made for this time that the try is queued, and may still run it.
fn is_good_for(pod: &Pod, workload: &Workload) -> bool {
    let says = |name: &str, value: String| pod.annotations().get(name) == Some(&value);
    says(TRY, workload.try_id.to_string())
        && says(QUEUED_AT, workload.queued_at.as_micros().to_string())
        && pod.metadata.deletion_timestamp.is_none()
        && matches!(see(pod), Sight::Pending(_) | Sight::Running)
}

/// `delete_option_kwargs`, in Python's or in Kubernetes' spelling.
pub(super) fn delete_parameters(options: &Value) -> DeleteParams {
    let get = |snake: &str, camel: &str| options.get(snake).or_else(|| options.get(camel)).filter(|v| !v.is_null());
    let policy = get("propagation_policy", "propagationPolicy").and_then(Value::as_str);
    DeleteParams {
        grace_period_seconds: get("grace_period_seconds", "gracePeriodSeconds")
            .and_then(Value::as_u64)
            .and_then(|seconds| u32::try_from(seconds).ok()),
        propagation_policy: policy.map(|policy| match policy {
            "Orphan" => PropagationPolicy::Orphan,
            "Foreground" => PropagationPolicy::Foreground,
            _ => PropagationPolicy::Background,
        }),
        ..DeleteParams::default()
    }
}
