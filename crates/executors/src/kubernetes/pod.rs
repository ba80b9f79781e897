//! The pod of a try: template, then the configured image, then the task's own wishes, then what has to be so.

use std::path::Path;

use serde_json::{Map, Value, json};
use tradewind_protocol::Workload;

use super::config::KubernetesConfig;
use super::legacy;
use super::merge::merge;
use super::names::{label_value, pod_name};

/// Annotation with the try's UUID.
pub const TRY: &str = "tradewind/try";
/// Annotation with the instant at which the try was queued, in microseconds since the epoch.
pub const QUEUED_AT: &str = "tradewind/queued-at";
/// Annotation with the try's token, which the pod sees as a file.
const TOKEN: &str = "tradewind/token";
/// Label with the id of the scheduler that looks after the pod.
pub const OWNER: &str = "airflow-worker";
/// Label of pods that are kept although nobody looks after them any more.
pub const DONE: &str = "airflow_executor_done";
/// What all pods of the executor have.
pub const OURS: &str = "kubernetes_executor=True";
/// Folder of the file `token` in the pod.
pub const TOKEN_FOLDER: &str = "/var/run/tradewind";

/// A pod to ask for.
#[derive(Clone, Debug)]
pub struct Described {
    /// Where.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// All of it.
    pub pod: Value,
    /// What is to be said in the try's log.
    pub remarks: Vec<String>,
    /// The part of it that has to be so.
    necessary: Value,
}

impl Described {
    /// With what an installation's hook made of the pod; what has to be so stays so.
    pub fn changed(self, mut pod: Value) -> Self {
        let own = &self.necessary["spec"]["containers"][0]["name"];
        if let Some(containers) = pod["spec"]["containers"].as_array_mut() {
            // The first container runs the task, wherever the hook put others.
            if let Some(at) = containers.iter().position(|container| container["name"] == *own) {
                containers[..=at].rotate_right(1);
            }
        }
        Self { pod: sealed(&pod, &self.necessary), ..self }
    }
}

/// Who asks for a pod, and with which words.
#[derive(Clone, Debug)]
pub struct Asker<'a> {
    /// The scheduler's job.
    pub scheduler: i64,
    /// The try's token.
    pub token: &'a str,
    /// 0 for the first pod of a queued try, 1 for the next.
    pub launch: u32,
}

/// Describes the pod of a try.
///
/// # Errors
/// In words for the try's author: a template that cannot be read, a namespace that is not allowed.
pub fn describe(config: &KubernetesConfig, workload: &Workload, asker: &Asker<'_>) -> Result<Described, String> {
    let wish = Wish::of(workload.executor_config.as_ref());
    let template = match wish.template.as_deref().or(config.pod_template_file.as_deref()) {
        Some(path) => read_template(path)?,
        None => config.template.clone().unwrap_or_else(|| json!({"spec": {"containers": [{"name": "base"}]}})),
    };
    let image =
        config.image.as_ref().map_or_else(|| json!({}), |image| json!({"spec": {"containers": [{"image": image}]}}));
    let pod = merge(&merge(&template, &image), &wish.pod);
    let namespace = namespace(config, &wish.pod)?;
    let unique = format!("{}/{}/{}", workload.try_id, workload.queued_at.as_micros(), asker.launch);
    let name = pod_name(&workload.dag_id, &workload.task_id, &unique);
    let given = pod["spec"]["containers"][0].clone();
    if given["image"].as_str().is_none_or(str::is_empty) {
        return Err("the pod has no image: set [kubernetes_executor] worker_container_repository and worker_container_tag, or give the first container of pod_template_file an image".into());
    }
    let necessary = necessary(config, workload, asker, &name, &namespace, &given);
    Ok(Described { namespace, name, pod: sealed(&pod, &necessary), remarks: wish.remarks, necessary })
}

/// A pod with what has to be so.
fn sealed(pod: &Value, necessary: &Value) -> Value {
    let mut pod = merge(pod, necessary);
    // A try is claimed once: a container that began again would find nothing to do.
    pod["spec"]["restartPolicy"] = json!("Never");
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    if let Some(pod) = pod.as_object_mut() {
        pod.remove("status");
    }
    pod
}

/// What a task's `executor_config` asks for.
struct Wish {
    template: Option<std::path::PathBuf>,
    pod: Value,
    remarks: Vec<String>,
}

impl Wish {
    fn of(config: Option<&Value>) -> Self {
        let mut wish = Self { template: None, pod: json!({}), remarks: Vec::new() };
        let Some(config) = config else { return wish };
        wish.template = config["pod_template_file"].as_str().filter(|path| !path.is_empty()).map(Into::into);
        let old = &config["KubernetesExecutor"];
        if old.is_object() {
            let (pod, unknown) = legacy::pod_override(old);
            wish.pod = pod;
            if !unknown.is_empty() {
                wish.remarks.push(format!(
                    "executor_config: nothing is known of {} below 'KubernetesExecutor'; pod_override takes everything that a pod has",
                    unknown.join(", ")
                ));
            }
        }
        if config["pod_override"].is_object() {
            wish.pod = merge(&wish.pod, &config["pod_override"]);
        }
        wish
    }
}

/// The template of a file.
///
/// # Errors
/// In words: it cannot be read, or is no pod.
pub fn read_template(path: &Path) -> Result<Value, String> {
    let place = || format!("pod_template_file {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", place()))?;
    let pod: Value = serde_yaml_ng::from_str(&text).map_err(|error| format!("{}: {error}", place()))?;
    let has_container = pod["spec"]["containers"].as_array().is_some_and(|list| !list.is_empty());
    if pod["kind"].as_str().is_some_and(|kind| kind != "Pod") || !has_container {
        return Err(format!("{} is not a pod with spec.containers, of which the first runs the task", place()));
    }
    Ok(pod)
}

fn namespace(config: &KubernetesConfig, wish: &Value) -> Result<String, String> {
    let Some(asked) = wish["metadata"]["namespace"].as_str().filter(|name| *name != config.namespace) else {
        return Ok(config.namespace.clone());
    };
    let allowed = config.multi_namespace_mode
        && (config.namespaces.is_empty() || config.namespaces.iter().any(|name| name == asked));
    if allowed {
        return Ok(asked.to_owned());
    }
    Err(format!(
        "the task's pod is to be in the namespace '{asked}', but pods go to '{}': set [kubernetes_executor] multi_namespace_mode = True and, if there is no cluster role, add it to multi_namespace_mode_namespace_list",
        config.namespace
    ))
}

/// What has to be so, whatever template and task say. `given`: the container as they left it.
fn necessary(
    config: &KubernetesConfig,
    workload: &Workload,
    asker: &Asker<'_>,
    name: &str,
    namespace: &str,
    given: &Value,
) -> Value {
    let run = &workload.run;
    let mapped = (workload.map_index >= 0).then(|| workload.map_index.to_string());
    let try_number = workload.try_number.to_string();
    let logical_date = run.logical_date.map(|at| at.to_string());
    let mut labels = Map::new();
    for (label, value) in [
        ("dag_id", Some(&workload.dag_id)),
        ("task_id", Some(&workload.task_id)),
        ("run_id", Some(&run.run_id)),
        ("try_number", Some(&try_number)),
        ("map_index", mapped.as_ref()),
        ("airflow_version", Some(&config.airflow_version)),
        ("kubernetes_executor", Some(&"True".to_owned())),
        (OWNER, Some(&asker.scheduler.to_string())),
    ] {
        labels.extend(value.map(|value| (label.to_owned(), json!(label_value(value)))));
    }
    let mut annotations = Map::new();
    for (annotation, value) in [
        ("dag_id", Some(&workload.dag_id)),
        ("task_id", Some(&workload.task_id)),
        ("run_id", Some(&run.run_id)),
        ("try_number", Some(&try_number)),
        ("map_index", mapped.as_ref()),
        ("logical_date", logical_date.as_ref()),
        (TRY, Some(&workload.try_id.to_string())),
        (QUEUED_AT, Some(&workload.queued_at.as_micros().to_string())),
        (TOKEN, Some(&asker.token.to_owned())),
    ] {
        annotations.extend(value.map(|value| (annotation.to_owned(), json!(value))));
    }
    let mut env = vec![
        json!({"name": "AIRFLOW_IS_K8S_EXECUTOR_POD", "value": "True"}),
        json!({"name": "TRADEWIND_TRY", "value": workload.try_id.to_string()}),
        json!({"name": "TRADEWIND_POD", "value": name}),
        json!({"name": "TRADEWIND_TRY_TOKEN_FILE", "value": format!("{TOKEN_FOLDER}/token")}),
    ];
    const URL: &str = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL";
    if !given["env"].as_array().is_some_and(|list| list.iter().any(|item| item["name"] == URL)) {
        env.push(json!({"name": URL, "value": config.server_url}));
    }
    json!({
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations},
        "spec": {
            "containers": [{
                "name": given["name"].as_str().unwrap_or("base"),
                // An image without an entry point runs this, and one that has one gets it to run.
                "args": ["tradewind", "run-try"],
                "env": env,
                "volumeMounts": [{"name": "tradewind-token", "mountPath": TOKEN_FOLDER, "readOnly": true}],
            }],
            "volumes": [{
                "name": "tradewind-token",
                "downwardAPI": {"items": [
                    {"path": "token", "fieldRef": {"fieldPath": format!("metadata.annotations['{TOKEN}']")}},
                ]},
            }],
        },
    })
}
