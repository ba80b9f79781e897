"""The Helm chart: what it makes of values, among them somebody's own for Airflow's chart."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess

import pytest
import yaml
from system import ROOT

CHART = ROOT / "deploy/helm/tradewind"
HELM = os.environ.get("HELM") or shutil.which("helm") or str(ROOT / ".venv/helm/helm")
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))


def helm(*args, values=None, ok=True):
    command = [HELM, *args]
    done = subprocess.run(
        command + (["--values", "-"] if values is not None else []),
        input=None if values is None else yaml.safe_dump(values),
        capture_output=True,
        text=True,
        check=False,
    )
    if ok:
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def render(*args, values=None):
    """Every object, by kind and name."""
    text = helm("template", "airflow", str(CHART), "--namespace", "airflow", *args, values=values).stdout
    objects = [one for one in yaml.safe_load_all(text) if one]
    found = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    assert len(found) == len(objects), "two objects of one name"
    return found


def container(objects, kind, name):
    return objects[kind, name]["spec"]["template"]["spec"]["containers"][0]


def env(container):
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def refused(values):
    done = helm("template", "airflow", str(CHART), values=values, ok=False)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize("file", [None, *VALUES], ids=lambda file: file.stem if file else "defaults")
def test_it_lints_and_renders(file):
    args = ["--values", str(file)] if file else []
    assert "0 chart(s) failed" in helm("lint", str(CHART), *args).stdout
    for (kind, name), one in render(*args).items():
        if kind in ("Deployment", "StatefulSet"):
            selector = one["spec"]["selector"]["matchLabels"]
            assert selector.items() <= one["spec"]["template"]["metadata"]["labels"].items(), name


def test_somebodys_values_for_airflows_chart_install_unchanged():
    objects = render("--values", str(CHART / "ci/kubernetes-git-nodeport-values.yaml"))
    service = objects["Service", "airflow-webserver"]["spec"]
    assert service["type"] == "NodePort" and service["ports"][0]["nodePort"] == 31151
    assert service["ports"][0]["targetPort"] == 8080
    assert objects["Deployment", "airflow-scheduler"]["spec"]["replicas"] == 2
    probe = container(objects, "Deployment", "airflow-scheduler")["livenessProbe"]
    assert (probe["periodSeconds"], probe["failureThreshold"], probe["timeoutSeconds"]) == (60, 20, 120)

    processor = container(objects, "Deployment", "airflow-dag-processor")
    (bundle,) = json.loads(env(processor)["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert bundle["classpath"] == "airflow.providers.git.bundles.git.GitDagBundle"
    assert bundle["kwargs"] == {
        "repo_url": "git@github.com:S0rrow/FPT5.git",
        "tracking_ref": "dev",
        "subdir": "dags",
        "depth": 1,
        "max_failures": 3,
        "refresh_interval": 60,
        "credentials_folder": "/etc/git-secret",
        "strict_host_key_checking": "accept-new",
    }
    assert env(processor)["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Asia/Seoul"
    volumes = objects["Deployment", "airflow-dag-processor"]["spec"]["template"]["spec"]["volumes"]
    (secret,) = [v["projected"]["sources"][0]["secret"] for v in volumes if v["name"] == "git-secret"]
    assert secret == {"name": "airflow-ssh-git-secret", "items": [{"key": "gitSshKey", "path": "ssh"}]}

    server = objects["Deployment", "airflow-webserver"]["spec"]["template"]["spec"]
    key = env(server["containers"][0])["AIRFLOW__API__SECRET_KEY"]["secretKeyRef"]
    assert key == {"name": "airflow-webserver-secret", "key": "webserver-secret-key"}
    (logs,) = [v for v in server["volumes"] if v["name"] == "logs"]
    assert logs["persistentVolumeClaim"] == {"claimName": "airflow-logs-pvc"}

    database = base64.b64decode(objects["Secret", "airflow-metadata"]["data"]["connection"]).decode()
    assert database == "postgresql://user:password@airflow-postgresql:5432/airflow?sslmode=disable"
    postgres = objects["StatefulSet", "airflow-postgresql"]["spec"]["template"]["spec"]
    assert postgres["containers"][0]["image"].endswith(":11.22.0")
    assert postgres["volumes"][1]["persistentVolumeClaim"] == {"claimName": "postgresql-pvc"}
    assert objects["Service", "airflow-postgresql"]["spec"]["ports"][0]["nodePort"] == 30032
    assert not any("redis" in name or "worker" in name for kind, name in objects if kind != "ServiceAccount")


def test_pods_of_tasks_have_no_secret_of_the_database():
    objects = render("--values", str(CHART / "ci/kubernetes-git-nodeport-values.yaml"))
    data = objects["ConfigMap", "airflow-config"]["data"]
    pod = yaml.safe_load(data["pod_template_file.yaml"])
    assert pod["spec"]["containers"][0]["name"] == "base" and pod["spec"]["restartPolicy"] == "Never"
    text = json.dumps(pod)
    assert "metadata" not in {v.get("name") for v in pod["spec"]["volumes"]}
    assert not any(word in text for word in ("SQL_ALCHEMY", "FERNET", "JWT_SECRET", "airflow-metadata"))
    assert "[kubernetes_executor]" in data["airflow.cfg"] and "[celery]" not in data["airflow.cfg"]
    worker = env(container(render(), "Deployment", "airflow-worker"))
    assert "AIRFLOW__CELERY__BROKER_URL" in worker
    assert not any("SQL_ALCHEMY" in name or "FERNET" in name for name in worker)


def test_what_would_be_ignored_is_named():
    assert "statsd.enabled: there is no StatsD exporter" in refused({"statsd": {"enabled": True}})
    assert "pgbouncer.enabled" in refused({"pgbouncer": {"enabled": True}})
    assert "there is no DaskExecutor" in refused({"executor": "DaskExecutor"})
    typo = {"schedulr": {"replicas": 2}, "workers": {"replcas": 3}, "config": {"core": {"own": "fine"}}}
    words = refused({**typo, "failOnUnknownValues": True})
    assert "no such values: schedulr, workers.replcas" in words and "own" not in words.replace("unknown", "")
    notes = helm("install", "airflow", str(CHART), "--dry-run", "--disable-openapi-validation", values=typo, ok=False)
    # Without a cluster Helm 3.8 does not come as far as the notes.
    assert notes.returncode != 0 or "schedulr" in notes.stdout


def test_parts_that_do_not_fit_together_are_refused():
    wrong_password = {"data": {"metadataConnection": {"user": "me", "pass": "x"}}}
    assert "would not get into its database" in refused(wrong_password)
    assert "say where the broker is" in refused({"redis": {"enabled": False}})
    assert "say where the database is" in refused({"postgresql": {"enabled": False}})
    assert "needs dags.gitSync.repo" in refused({"dags": {"gitSync": {"enabled": True}}})


def test_known_values_are_those_of_the_values_file():
    known = (CHART / "files/known-values.yaml").read_text()
    assert known == (CHART / "values.yaml").read_text(), "cp values.yaml files/known-values.yaml"
