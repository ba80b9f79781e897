"""Operators of the Kubernetes provider package, on a real cluster: from this machine and from pods of their own."""

from __future__ import annotations

import json

import pytest
from conftest import IMAGE
from system import wait_for

OPERATORS = """
from airflow.sdk import dag, task
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import models as k8s

WHERE = dict(namespace="{namespace}", image="{image}", in_cluster={in_cluster}, kubernetes_conn_id=None,
             config_file={config_file!r}, service_account_name="airflow-worker", image_pull_policy="IfNotPresent",
             startup_timeout_seconds=300, on_finish_action="delete_pod")

@dag(schedule=None)
def operators():
    greet = KubernetesPodOperator(
        task_id="greet", cmds=["sh", "-c"], arguments=["echo greetings from $WHO"],
        env_vars=[k8s.V1EnvVar(name="WHO", value="a pod of its own")], labels={{"part": "greet"}}, **WHERE)
    fail = KubernetesPodOperator(task_id="fail", cmds=["sh", "-c"], arguments=["echo going down; exit 3"], **WHERE)

    @task.kubernetes(**WHERE)
    def add(a, b):
        print("adding")
        return a + b

    greet >> [fail, add(2, 3)]

operators()
"""


# From the KubernetesExecutor it is a pod that speaks to Kubernetes, with the rights of its account.
EXECUTORS = pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor", "KubernetesExecutor"])


def where(home, executor):
    """Arguments of the operators."""
    inside = executor == "KubernetesExecutor"
    config_file = None if inside else str(home.cluster.kubeconfig)
    return {"namespace": home.cluster.namespace, "image": IMAGE, "in_cluster": inside, "config_file": config_file}


@EXECUTORS
def test_pods_are_started_by_tasks(kube, executor):
    home = kube
    home.dag("operators.py", OPERATORS.format(**where(home, executor)))
    home.begin(AIRFLOW__CORE__EXECUTOR=executor)
    home.wait_dag("operators")
    run_id = home.trigger("operators")
    home.wait_run("operators", run_id, "failed", timeout=600)
    states = {task_id: ti["state"] for task_id, ti in home.tasks("operators", run_id).items()}
    logs = {task_id: home.log("operators", run_id, task_id) for task_id in states}
    assert states == {"greet": "success", "fail": "failed", "add": "success"}, logs
    assert "greetings from a pod of its own" in logs["greet"]
    assert "going down" in logs["fail"]


SPARK = """
from airflow.sdk import dag
from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator

@dag(schedule=None)
def spark():
    SparkKubernetesOperator(
        task_id="pi", namespace="{namespace}", kubernetes_conn_id=None, config_file={config_file!r},
        in_cluster={in_cluster},
        get_logs=False, delete_on_termination=False, startup_timeout_seconds=20,
        template_spec={spec!r})

spark()
"""


@EXECUTORS
def test_a_spark_application_is_asked_for(kube, executor):
    """Nobody runs it here: that it is made, with what the author wrote, is the operator's part."""
    home = kube
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "sparkapplications.sparkoperator.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": "sparkoperator.k8s.io",
            "scope": "Namespaced",
            "names": {"kind": "SparkApplication", "plural": "sparkapplications", "singular": "sparkapplication"},
            "versions": [
                {
                    "name": "v1beta2",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    }
    home.cluster.apply(crd)
    rules = [{"apiGroups": ["sparkoperator.k8s.io"], "resources": ["*"], "verbs": ["*"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "spark"}, "rules": rules}
    home.cluster.apply(role)
    accounts = [f"--serviceaccount={home.cluster.namespace}:airflow-{role}" for role in ("scheduler", "worker")]
    home.cluster.kubectl("create", "rolebinding", "spark", "--role=spark", *accounts)
    spec = {
        "spark": {
            "apiVersion": "sparkoperator.k8s.io/v1beta2",
            "kind": "SparkApplication",
            "spec": {
                "type": "Python",
                "mode": "cluster",
                "mainApplicationFile": "local:///pi.py",
                "driver": {"cores": 1, "serviceAccount": "airflow-worker"},
                "executor": {"cores": 1, "instances": 2},
            },
        },
        "kubernetes": {},
    }
    home.dag("spark.py", SPARK.format(spec=spec, **where(home, executor)))
    home.begin(AIRFLOW__CORE__EXECUTOR=executor)
    home.wait_dag("spark")
    run_id = home.trigger("spark")
    made = lambda: json.loads(home.cluster.kubectl("get", "sparkapplications", "-o", "json"))["items"]  # noqa: E731
    application = wait_for("the application", made, 120)[0]
    assert application["spec"]["mainApplicationFile"] == "local:///pi.py"
    assert application["spec"]["executor"]["instances"] == 2
    home.wait_run("spark", run_id, "failed", timeout=300)
