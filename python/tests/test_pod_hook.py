"""``pod_mutation_hook`` changes the pods of the KubernetesExecutor, in a process of its own."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("kubernetes")

PACKAGE = str(pathlib.Path(__file__).resolve().parents[1])
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a", "labels": {"dag_id": "d"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {
        "containers": [{"name": "base", "image": "i", "resources": {"limits": {"memory": "1Gi"}}}],
        "volumes": [
            {"name": "t", "downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}}
        ],
    },
}


@pytest.fixture
def ask(tmp_path):
    def ask(settings: str | None, *pods: dict, **env: str):
        if settings is not None:
            (tmp_path / "config").mkdir(exist_ok=True)
            (tmp_path / "config/airflow_local_settings.py").write_text(textwrap.dedent(settings))
        own = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": PACKAGE, **env}
        questions = "".join(json.dumps(pod) + "\n" for pod in pods)
        command = [sys.executable, "-m", "airflow._runtime.pod_hook"]
        done = subprocess.run(command, env=own, input=questions, capture_output=True, text=True, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def test_the_hook_changes_objects_of_the_kubernetes_package(ask):
    settings = """
        from kubernetes.client import models as k8s

        def pod_mutation_hook(pod: k8s.V1Pod):
            print("a hook may print")
            pod.metadata.labels["team"] = "data"
            pod.spec.tolerations = [k8s.V1Toleration(key="spot", operator="Exists")]
            pod.spec.containers[0].env = [k8s.V1EnvVar(name="A", value="b")]
            pod.spec.node_selector = {"disk": "ssd"}
    """
    begin, first, second = ask(settings, POD, POD)
    assert begin == {"hook": True} and first == second
    pod = first["pod"]
    assert pod["metadata"] == {**POD["metadata"], "labels": {"dag_id": "d", "team": "data"}} | {
        "creationTimestamp": pod["metadata"]["creationTimestamp"]
    }
    assert pod["spec"]["volumes"] == POD["spec"]["volumes"]
    assert pod["spec"]["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    container = {**POD["spec"]["containers"][0], "env": [{"name": "A", "value": "b"}]}
    assert pod["spec"]["containers"] == [container]


def test_a_hook_that_fails_is_told_with_its_traceback_and_asked_again(ask):
    settings = """
        def pod_mutation_hook(pod):
            if pod.metadata.name == "bad":
                raise ValueError("no such team")
    """
    bad = {**POD, "metadata": {"name": "bad"}}
    begin, failed, fine = ask(settings, bad, POD)
    assert begin == {"hook": True} and "pod" in fine
    assert failed["error"] == "ValueError: no such team"
    assert "airflow_local_settings.py" in failed["traceback"]


def test_without_a_hook_nothing_is_asked(ask):
    assert ask(None, POD) == [{"hook": False}]
    assert ask("def task_policy(task): pass\n", POD) == [{"hook": False}]


def test_settings_that_cannot_be_imported_are_said_to_be(ask):
    (answer,) = ask("import there_is_no_such_module\n", POD)
    assert answer["error"] == "ModuleNotFoundError: No module named 'there_is_no_such_module'"


def test_the_kubernetes_package_is_asked_for(ask, tmp_path):
    (tmp_path / "kubernetes.py").write_text("raise ImportError('not here')\n")
    path = f"{tmp_path}{os.pathsep}{PACKAGE}"
    begin, answer = ask("def pod_mutation_hook(pod): pass\n", POD, PYTHONPATH=path)
    assert begin == {"hook": True} and "pip install kubernetes" in answer["error"]
