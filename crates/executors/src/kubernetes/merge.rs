//! Two descriptions of a pod as one, by the rules of Airflow's pod template and `pod_override`.

use serde_json::{Map, Value};

/// Lists of a container that are joined; everything else of it is replaced.
const OF_CONTAINERS: [&str; 5] = ["volumeMounts", "env", "envFrom", "ports", "volumeDevices"];
/// Lists of a pod that are joined.
const OF_PODS: [&str; 2] = ["initContainers", "volumes"];

/// `over` on top of `base`: what it says replaces what `base` says, with the exceptions that Airflow makes. Labels and
/// annotations are joined; so are volumes, init containers, and each container's environment, mounts and ports.
/// Containers are paired by their place in the list: the first is the one that runs the task. In joined lists an item
/// replaces one of the same name.
pub fn merge(base: &Value, over: &Value) -> Value {
    let mut pod = replaced(base, over);
    let metadata = replaced(&base["metadata"], &over["metadata"]);
    set(&mut pod, "metadata", metadata);
    for field in ["labels", "annotations"] {
        let joined = replaced(&base["metadata"][field], &over["metadata"][field]);
        set(&mut pod["metadata"], field, joined);
    }
    let spec = merge_spec(&base["spec"], &over["spec"]);
    set(&mut pod, "spec", spec);
    pod
}

fn merge_spec(base: &Value, over: &Value) -> Value {
    let mut spec = replaced(base, over);
    for field in OF_PODS {
        let joined = joined(&base[field], &over[field]);
        set(&mut spec, field, joined);
    }
    let (mine, theirs) = (items(&base["containers"]), items(&over["containers"]));
    let containers: Vec<Value> = (0..mine.len().max(theirs.len()))
        .map(|at| match (mine.get(at), theirs.get(at)) {
            (Some(mine), Some(theirs)) => merge_container(mine, theirs),
            (one, other) => one.or(other).cloned().unwrap_or_default(),
        })
        .collect();
    set(&mut spec, "containers", Value::Array(containers));
    spec
}

fn merge_container(base: &Value, over: &Value) -> Value {
    let mut container = replaced(base, over);
    for field in OF_CONTAINERS {
        let joined = joined(&base[field], &over[field]);
        set(&mut container, field, joined);
    }
    container
}

/// The fields of both; where both have one, that of `over`, unless it is empty.
fn replaced(base: &Value, over: &Value) -> Value {
    let mut fields = base.as_object().cloned().unwrap_or_default();
    for (name, value) in over.as_object().into_iter().flatten() {
        if !is_empty(value) || (!value.is_null() && !fields.contains_key(name)) {
            fields.insert(name.clone(), value.clone());
        }
    }
    Value::Object(fields)
}

fn joined(base: &Value, over: &Value) -> Value {
    let theirs = items(over);
    let is_replaced =
        |item: &Value| identity(item).is_some_and(|id| theirs.iter().any(|own| identity(own) == Some(id)));
    let kept = items(base).iter().filter(|item| !is_replaced(item));
    Value::Array(kept.chain(theirs).cloned().collect())
}

/// What names an item of a list.
fn identity(item: &Value) -> Option<&str> {
    ["mountPath", "devicePath", "name"].iter().find_map(|field| item[*field].as_str())
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// As Python's truth: what an author left out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Sets a field of an object; one without content is left out.
fn set(object: &mut Value, field: &str, value: Value) {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(fields) = object.as_object_mut() else { return };
    if is_empty(&value) {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_override_adds_to_lists_and_replaces_the_rest() {
        let base = json!({
            "metadata": {"name": "placeholder", "labels": {"tier": "airflow", "team": "a"}},
            "spec": {
                "restartPolicy": "Never",
                "tolerations": [{"key": "a"}],
                "volumes": [{"name": "dags", "emptyDir": {}}, {"name": "logs", "emptyDir": {}}],
                "containers": [{
                    "name": "base", "image": "tradewind:1", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
                    "volumeMounts": [{"name": "dags", "mountPath": "/dags"}],
                }],
            },
        });
        let over = json!({
            "metadata": {"labels": {"team": "b"}, "annotations": {"x": "y"}},
            "spec": {
                "tolerations": [{"key": "b"}],
                "volumes": [{"name": "logs", "hostPath": {"path": "/l"}}],
                "containers": [
                    {"name": "base", "resources": {"limits": {"memory": "2Gi"}}, "env": [{"name": "B", "value": "2"}],
                     "volumeMounts": [{"name": "logs", "mountPath": "/logs"}], "ports": []},
                    {"name": "sidecar", "image": "s"},
                ],
            },
        });
        assert_eq!(
            merge(&base, &over),
            json!({
                "metadata": {"name": "placeholder", "labels": {"tier": "airflow", "team": "b"}, "annotations": {"x": "y"}},
                "spec": {
                    "restartPolicy": "Never",
                    "tolerations": [{"key": "b"}],
                    "volumes": [{"name": "dags", "emptyDir": {}}, {"name": "logs", "hostPath": {"path": "/l"}}],
                    "containers": [
                        {"name": "base", "image": "tradewind:1", "resources": {"limits": {"memory": "2Gi"}},
                         "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                         "volumeMounts": [{"name": "dags", "mountPath": "/dags"}, {"name": "logs", "mountPath": "/logs"}]},
                        {"name": "sidecar", "image": "s"},
                    ],
                },
            })
        );
    }

    #[test]
    fn nothing_changes_nothing() {
        let pod = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "base", "tty": false}]}});
        assert_eq!(merge(&pod, &json!({})), pod);
        assert_eq!(merge(&json!(null), &pod), pod);
    }
}
