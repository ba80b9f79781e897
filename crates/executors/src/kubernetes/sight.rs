//! What a pod's status says, in as few words as the executor needs.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodStatus};

/// Something that Kubernetes says is wrong, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One word: `Unschedulable`, `ErrImagePull`, `OOMKilled`, `Evicted`.
    pub reason: String,
    /// The whole of it.
    pub words: String,
}

/// How far a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Its container has not begun; maybe something is in the way.
    Pending(Option<Problem>),
    /// Its container runs.
    Running,
    /// Its container ended well.
    Succeeded,
    /// It ended, and not well.
    Failed(Problem),
}

/// What waiting containers say when all is well.
const ORDINARY: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Reads a pod's status.
pub fn see(pod: &Pod) -> Sight {
    let Some(status) = &pod.status else { return Sight::Pending(None) };
    match status.phase.as_deref() {
        Some("Succeeded") => Sight::Succeeded,
        Some("Failed") => Sight::Failed(failure(status)),
        // Other containers of the pod may go on for ever; the first one runs the task.
        Some("Running") => match ended(pod, status) {
            Some(0) => Sight::Succeeded,
            Some(_) => Sight::Failed(failure(status)),
            None => Sight::Running,
        },
        _ => Sight::Pending(obstacle(status)),
    }
}

/// The exit code of the container that runs the task, if it has ended.
fn ended(pod: &Pod, status: &PodStatus) -> Option<i32> {
    let first = &pod.spec.as_ref()?.containers.first()?.name;
    let container = status.container_statuses.iter().flatten().find(|container| container.name == *first)?;
    Some(container.state.as_ref()?.terminated.as_ref()?.exit_code)
}

fn containers(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten())
}

/// Why a pod does not begin.
fn obstacle(status: &PodStatus) -> Option<Problem> {
    let waiting = containers(status).find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.as_deref().filter(|reason| !ORDINARY.contains(reason))?;
        Some(problem(reason, waiting.message.as_deref(), Some(&container.name)))
    });
    waiting.or_else(|| {
        let unmet =
            status.conditions.iter().flatten().find(|one| one.type_ == "PodScheduled" && one.status == "False")?;
        Some(problem(unmet.reason.as_deref().unwrap_or("Unschedulable"), unmet.message.as_deref(), None))
    })
}

/// Why a pod failed: of the pod as a whole (evicted, its node lost), else of the first container that ended badly.
fn failure(status: &PodStatus) -> Problem {
    let of_pod = status.reason.as_deref().map(|reason| problem(reason, status.message.as_deref(), None));
    let of_container = || {
        containers(status).find_map(|container| {
            let ended = container.state.as_ref()?.terminated.as_ref().filter(|ended| ended.exit_code != 0)?;
            let reason = ended.reason.as_deref().unwrap_or("Error");
            let end = ended.signal.map_or_else(|| format!("exit code {}", ended.exit_code), |s| format!("signal {s}"));
            let words = match ended.message.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
                Some(words) => format!("{end}: {words}"),
                None => end,
            };
            Some(problem(reason, Some(&words), Some(&container.name)))
        })
    };
    of_pod.or_else(of_container).unwrap_or_else(|| problem("Failed", status.message.as_deref(), None))
}

fn problem(reason: &str, words: Option<&str>, container: Option<&str>) -> Problem {
    let words = words.map(str::trim).filter(|words| !words.is_empty());
    let container = container.map(|name| format!(" (container '{name}')")).unwrap_or_default();
    let words = words.map_or_else(|| format!("{reason}{container}"), |words| format!("{reason}{container}: {words}"));
    Problem { reason: reason.to_owned(), words }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn seen(status: Value) -> Sight {
        let pod =
            json!({"metadata": {}, "spec": {"containers": [{"name": "base"}, {"name": "sidecar"}]}, "status": status});
        see(&serde_json::from_value(pod).unwrap())
    }

    fn words(status: Value) -> String {
        match seen(status) {
            Sight::Pending(Some(problem)) | Sight::Failed(problem) => problem.words,
            other => panic!("{other:?}"),
        }
    }

    fn container(state: Value) -> Value {
        json!({"name": "base", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state})
    }

    #[test]
    fn pods_that_are_well() {
        assert_eq!(seen(json!({})), Sight::Pending(None));
        let creating = container(json!({"waiting": {"reason": "ContainerCreating"}}));
        assert_eq!(seen(json!({"phase": "Pending", "containerStatuses": [creating]})), Sight::Pending(None));
        assert_eq!(seen(json!({"phase": "Running"})), Sight::Running);
        assert_eq!(seen(json!({"phase": "Succeeded"})), Sight::Succeeded);
        let ended = container(json!({"terminated": {"exitCode": 0}}));
        assert_eq!(
            seen(json!({"phase": "Running", "containerStatuses": [ended]})),
            Sight::Succeeded,
            "a sidecar goes on"
        );
    }

    #[test]
    fn kubernetes_own_words_are_kept() {
        let unschedulable = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
             "message": "0/1 nodes are available: 1 Insufficient cpu."}]});
        assert_eq!(words(unschedulable), "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.");
        let pull = container(json!({"waiting": {"reason": "ErrImagePull", "message": "no such host"}}));
        assert_eq!(words(json!({"containerStatuses": [pull]})), "ErrImagePull (container 'base'): no such host");
        let evicted = json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory. "});
        assert_eq!(words(evicted), "Evicted: The node was low on memory.");
        let killed = container(json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}));
        let failed = json!({"phase": "Failed", "containerStatuses": [killed]});
        assert_eq!(words(failed), "OOMKilled (container 'base'): exit code 137");
        let cannot =
            container(json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "no such file"}}));
        let running = json!({"phase": "Running", "containerStatuses": [cannot]});
        assert_eq!(words(running), "StartError (container 'base'): exit code 128: no such file");
    }
}
