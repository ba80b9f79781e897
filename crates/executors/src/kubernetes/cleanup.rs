//! Deletes pods that are left over: what `kubernetes cleanup-pods` does.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Client, ResourceExt as _};
use tradewind_core::Timestamp;

use super::access::Trouble;
use super::requests::delete_parameters;

/// What pods of tasks have, those of the KubernetesPodOperator too.
const OF_TASKS: &str = "dag_id,task_id,try_number,airflow_version";
/// Pods in one answer.
const PAGE: u32 = 500;

/// Which pods go.
#[derive(Clone, Debug)]
pub struct Cleanup {
    /// Where.
    pub namespace: String,
    /// Pods that wait for so long to begin.
    pub min_pending: Duration,
    /// Pods that ended so long ago.
    pub min_completed: Duration,
    /// `delete_option_kwargs`
    pub delete_options: serde_json::Value,
}

impl Cleanup {
    /// Deletes them; `tell` hears of each, and why it goes. Answers how many went.
    ///
    /// # Errors
    /// Kubernetes does not answer, or refuses.
    pub async fn run(
        &self,
        client: Client,
        now: Timestamp,
        mut tell: impl FnMut(&str, &str),
    ) -> Result<usize, Trouble> {
        let api: Api<Pod> = Api::namespaced(client, &self.namespace);
        let parameters: DeleteParams = delete_parameters(&self.delete_options);
        let mut list = ListParams::default().labels(OF_TASKS).limit(PAGE);
        let mut deleted = 0;
        loop {
            let page = api.list(&list).await?;
            let next = page.metadata.continue_.clone().filter(|token| !token.is_empty());
            for pod in &page.items {
                let Some(why) = self.reason(pod, now) else { continue };
                match api.delete(&pod.name_any(), &parameters).await.map_err(Trouble::from) {
                    Ok(_) => {
                        deleted += 1;
                        tell(&pod.name_any(), why);
                    }
                    Err(Trouble::Missing) => {}
                    Err(trouble) => return Err(trouble),
                }
            }
            let Some(token) = next else { return Ok(deleted) };
            list = list.continue_token(&token);
        }
    }

    /// Why a pod goes; `None`: it stays.
    fn reason(&self, pod: &Pod, now: Timestamp) -> Option<&'static str> {
        let status = pod.status.as_ref()?;
        let age = |at: Option<i64>| at.map(|at| now.saturating_since(Timestamp::from_micros(at)).to_std());
        let created = age(pod.creation_timestamp().map(|at| at.0.as_microsecond()));
        let ended = status.container_statuses.iter().flatten().filter_map(|container| {
            Some(container.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref()?.0.as_microsecond())
        });
        let ended = age(ended.max()).or(created);
        let is_old = |age: Option<Duration>, least: Duration| age.is_none_or(|age| age >= least);
        match status.phase.as_deref()? {
            "Succeeded" if is_old(ended, self.min_completed) => Some("succeeded"),
            "Failed" if status.reason.as_deref() == Some("Evicted") => Some("evicted"),
            "Failed" if is_old(ended, self.min_completed) => Some("failed"),
            "Pending" if is_old(created, self.min_pending) => Some("pending for too long"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn pods_that_work_stay() {
        let cleanup = Cleanup {
            namespace: "n".into(),
            min_pending: Duration::from_secs(30 * 60),
            min_completed: Duration::from_secs(60),
            delete_options: Value::Null,
        };
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let reason = |created: &str, status: Value| {
            let pod = json!({"metadata": {"creationTimestamp": created}, "status": status});
            cleanup.reason(&serde_json::from_value(pod).unwrap(), now)
        };
        let long_ago = "2026-01-01T11:00:00Z";
        assert_eq!(reason(long_ago, json!({"phase": "Running"})), None);
        assert_eq!(reason(long_ago, json!({"phase": "Succeeded"})), Some("succeeded"));
        assert_eq!(reason("2026-01-01T11:59:30Z", json!({"phase": "Succeeded"})), None);
        assert_eq!(reason("2026-01-01T11:59:30Z", json!({"phase": "Failed", "reason": "Evicted"})), Some("evicted"));
        assert_eq!(reason(long_ago, json!({"phase": "Pending"})), Some("pending for too long"));
        assert_eq!(reason("2026-01-01T11:45:00Z", json!({"phase": "Pending"})), None);
        let just_ended = json!({"name": "base", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T11:59:30Z"}}});
        assert_eq!(reason(long_ago, json!({"phase": "Failed", "containerStatuses": [just_ended]})), None);
    }
}
