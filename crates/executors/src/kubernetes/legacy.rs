//! `executor_config={"KubernetesExecutor": {…}}` of Airflow 1.10 as a pod override.

use serde_json::{Map, Value, json};

/// Keys of 1.10 that mean something here. `pod_override` and `pod_template_file` are not among them: they are not
/// below `KubernetesExecutor`.
const KNOWN: [&str; 23] = [
    "image",
    "image_pull_policy",
    "image_pull_secrets",
    "request_memory",
    "request_cpu",
    "request_ephemeral_storage",
    "limit_memory",
    "limit_cpu",
    "limit_ephemeral_storage",
    "limit_gpu",
    "gcp_service_account_key",
    "service_account_name",
    "node_selectors",
    "affinity",
    "tolerations",
    "annotations",
    "labels",
    "volumes",
    "volume_mounts",
    "hostnetwork",
    "security_context",
    "init_containers",
    "namespace",
];

/// The pod override that the keys of 1.10 ask for, and the names of keys that mean nothing.
pub fn pod_override(config: &Value) -> (Value, Vec<String>) {
    let given = |key: &str| config.get(key).filter(|value| !value.is_null());
    let mut container = Map::from_iter([("name".to_owned(), json!("base"))]);
    let mut spec = Map::new();
    let mut metadata = Map::new();
    for (key, field) in
        [("image", "image"), ("image_pull_policy", "imagePullPolicy"), ("volume_mounts", "volumeMounts")]
    {
        container.extend(given(key).map(|value| (field.to_owned(), value.clone())));
    }
    for (kind, field) in [("request", "requests"), ("limit", "limits")] {
        let names = [("memory", "memory"), ("cpu", "cpu"), ("ephemeral_storage", "ephemeral-storage")];
        let gpu = (kind == "limit").then_some(("gpu", "nvidia.com/gpu"));
        let amounts: Map<String, Value> = names
            .into_iter()
            .chain(gpu)
            .filter_map(|(key, resource)| Some((resource.to_owned(), amount(given(&format!("{kind}_{key}"))?))))
            .collect();
        if !amounts.is_empty() {
            let resources = container.entry("resources").or_insert_with(|| json!({}));
            resources[field] = Value::Object(amounts);
        }
    }
    for (key, field) in [
        ("service_account_name", "serviceAccountName"),
        ("node_selectors", "nodeSelector"),
        ("affinity", "affinity"),
        ("tolerations", "tolerations"),
        ("volumes", "volumes"),
        ("hostnetwork", "hostNetwork"),
        ("security_context", "securityContext"),
        ("init_containers", "initContainers"),
    ] {
        spec.extend(given(key).map(|value| (field.to_owned(), value.clone())));
    }
    if let Some(secrets) = given("image_pull_secrets").and_then(Value::as_str) {
        let names = secrets.split(',').map(str::trim).filter(|name| !name.is_empty());
        spec.insert("imagePullSecrets".into(), names.map(|name| json!({"name": name})).collect());
    }
    for key in ["annotations", "labels", "namespace"] {
        metadata.extend(given(key).map(|value| (key.to_owned(), value.clone())));
    }
    if let Some(account) = given("gcp_service_account_key") {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        annotations["iam.cloud.google.com/service-account"] = account.clone();
    }
    spec.insert("containers".into(), json!([container]));
    let unknown = config.as_object().into_iter().flatten().map(|(key, _)| key.clone());
    (json!({"metadata": metadata, "spec": spec}), unknown.filter(|key| !KNOWN.contains(&key.as_str())).collect())
}

/// Amounts are texts in Kubernetes; authors write numbers as well.
fn amount(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_1_10_become_a_pod() {
        let (pod, unknown) = pod_override(&json!({
            "image": "worker:2", "request_memory": "128Mi", "limit_memory": "1Gi", "limit_cpu": 2, "limit_gpu": 1,
            "volumes": [{"name": "v", "hostPath": {"path": "/v"}}],
            "volume_mounts": [{"name": "v", "mountPath": "/v"}],
            "node_selectors": {"disk": "ssd"}, "tolerations": [{"key": "k"}], "affinity": {"podAntiAffinity": {}},
            "annotations": {"a": "b"}, "labels": {"l": "m"}, "service_account_name": "sa",
            "gcp_service_account_key": "me@project", "image_pull_secrets": "one, two", "request_cpu": null, "colour": 1,
        }));
        assert_eq!(
            pod,
            json!({
                "metadata": {
                    "annotations": {"a": "b", "iam.cloud.google.com/service-account": "me@project"},
                    "labels": {"l": "m"},
                },
                "spec": {
                    "serviceAccountName": "sa",
                    "nodeSelector": {"disk": "ssd"},
                    "affinity": {"podAntiAffinity": {}},
                    "tolerations": [{"key": "k"}],
                    "volumes": [{"name": "v", "hostPath": {"path": "/v"}}],
                    "imagePullSecrets": [{"name": "one"}, {"name": "two"}],
                    "containers": [{
                        "name": "base", "image": "worker:2", "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                        "resources": {
                            "requests": {"memory": "128Mi"},
                            "limits": {"memory": "1Gi", "cpu": "2", "nvidia.com/gpu": "1"},
                        },
                    }],
                },
            })
        );
        assert_eq!(unknown, ["colour"]);
    }
}
