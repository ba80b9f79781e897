//! What the pod of a try looks like: template, image, the task's wishes, the installation's hook, what has to be so.

mod tries;

use serde_json::{Value, json};
use tradewind_executors::kubernetes::{Asker, Described, KubernetesConfig, describe};
use tradewind_protocol::Workload;
use tries::workload;

const ASKER: Asker<'_> = Asker { scheduler: 42, token: "token", launch: 0 };

fn config() -> KubernetesConfig {
    KubernetesConfig { image: Some("tradewind:1".into()), ..KubernetesConfig::new("http://server:8080") }
}

fn described(config: &KubernetesConfig, executor_config: Value) -> Result<Described, String> {
    describe(config, &Workload { executor_config: Some(executor_config), ..workload(1) }, &ASKER)
}

#[test]
fn what_has_to_be_so_is_so() {
    let described = described(&config(), json!({"pod_override": {
        "metadata": {"name": "mine", "labels": {"dag_id": "mine", "team": "data"}},
        "spec": {"restartPolicy": "Always", "containers": [{"args": ["bash"], "env": [{"name": "A", "value": "b"}]}]},
    }}))
    .unwrap();
    let pod = &described.pod;
    assert_eq!(pod["metadata"]["name"], described.name.as_str());
    assert_eq!(pod["metadata"]["labels"]["dag_id"], "d");
    assert_eq!(pod["metadata"]["labels"]["team"], "data");
    assert_eq!(pod["metadata"]["labels"]["airflow-worker"], "42");
    assert_eq!(pod["spec"]["restartPolicy"], "Never");
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["tradewind", "run-try"]));
    assert_eq!(container["image"], "tradewind:1");
    assert_eq!(container["env"][0], json!({"name": "A", "value": "b"}));
}

#[test]
fn a_try_asked_for_twice_has_one_name_and_another_launch_another() {
    let name = |launch| describe(&config(), &workload(1), &Asker { launch, ..ASKER }).unwrap().name;
    assert_eq!(name(0), name(0));
    assert_ne!(name(0), name(1));
    assert_ne!(name(0), describe(&config(), &workload(2), &ASKER).unwrap().name);
}

#[test]
fn a_hook_changes_what_may_be_changed() {
    let described = described(&config(), json!({})).unwrap();
    let mut pod = described.pod.clone();
    let own = pod["spec"]["containers"][0].clone();
    pod["metadata"] = json!({"name": "other", "labels": {"team": "data"}});
    pod["spec"]["tolerations"] = json!([{"key": "spot"}]);
    pod["spec"]["containers"] = json!([{"name": "sidecar", "image": "proxy:1"}, {"name": "base", "image": "mine:2"}]);
    let changed = described.clone().changed(pod);
    assert_eq!((&changed.name, &changed.namespace), (&described.name, &described.namespace));
    assert_eq!(changed.pod["metadata"]["name"], described.name.as_str());
    assert_eq!(changed.pod["metadata"]["annotations"], described.pod["metadata"]["annotations"]);
    assert_eq!(changed.pod["metadata"]["labels"]["team"], "data");
    assert_eq!(changed.pod["spec"]["tolerations"], json!([{"key": "spot"}]));
    let containers = changed.pod["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers[1], json!({"name": "sidecar", "image": "proxy:1"}), "the task's container is the first one");
    assert_eq!(containers[0]["image"], "mine:2");
    assert_eq!((&containers[0]["args"], &containers[0]["env"]), (&own["args"], &own["env"]));
    assert_eq!(containers[0]["volumeMounts"], own["volumeMounts"]);
}

#[test]
fn a_template_of_options_is_one_without_a_file() {
    let template =
        json!({"spec": {"serviceAccountName": "worker", "containers": [{"name": "base", "image": "old:1"}]}});
    let config = KubernetesConfig { template: Some(template), image: None, ..config() };
    let described = described(&config, json!({})).unwrap();
    assert_eq!(described.pod["spec"]["serviceAccountName"], "worker");
    assert_eq!(described.pod["spec"]["containers"][0]["image"], "old:1");
}

#[test]
fn what_cannot_be_asked_for_is_said_in_words() {
    let none = KubernetesConfig { image: None, ..config() };
    assert!(described(&none, json!({})).unwrap_err().contains("worker_container_repository"));
    let elsewhere = json!({"pod_override": {"metadata": {"namespace": "elsewhere"}}});
    assert!(described(&config(), elsewhere.clone()).unwrap_err().contains("multi_namespace_mode = True"));
    let many = KubernetesConfig { multi_namespace_mode: true, ..config() };
    assert_eq!(described(&many, elsewhere).unwrap().namespace, "elsewhere");
    let unknown = described(&config(), json!({"KubernetesExecutor": {"colour": 1}})).unwrap();
    assert!(unknown.remarks[0].contains("nothing is known of colour"), "{:?}", unknown.remarks);
}
