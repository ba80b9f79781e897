"""A namespace of a real cluster for each test, and Tradewind's processes on this machine beside it."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from brokers import RedisBroker  # noqa: E402
from postgres import Postgres  # noqa: E402
from system import ROOT, Home, wait_for  # noqa: E402

IMAGE, HOST = os.environ["K8S_TEST_IMAGE"], os.environ["K8S_TEST_HOST"]


class Proxy:
    """Passes connections on to Kubernetes' API, unless it is away."""

    def __init__(self, host: str, port: int):
        self.to = (host, port)
        self.is_away = False
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def away(self):
        self.is_away = True
        for one in list(self.open):
            one.close() if one.fileno() < 0 else one.shutdown(socket.SHUT_RDWR)

    def back(self):
        self.is_away = False

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            if self.is_away:
                client.close()
                continue
            try:
                server = socket.create_connection(self.to)
            except OSError:
                client.close()
                continue
            for source, target in ((client, server), (server, client)):
                self.open.add(source)
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        self.open.discard(source)
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Cluster:
    """One namespace, with the account and the rights that the documentation gives the scheduler."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.namespace = f"tradewind-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", self.namespace, namespace=False)
        self.kubectl("apply", "-f", str(ROOT / "examples/kubernetes/rbac.yaml"))
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": {
                "name": "scheduler-token",
                "annotations": {"kubernetes.io/service-account.name": "airflow-scheduler"},
            },
        }
        self.apply(secret)
        read = lambda: self.get("secret", "scheduler-token").get("data", {}).get("token")  # noqa: E731
        token = base64.b64decode(wait_for("the account's token", read)).decode()
        view = self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json", namespace=False)
        cluster = json.loads(view)["clusters"][0]["cluster"]
        host, port = cluster["server"].removeprefix("https://").rsplit(":", 1)
        self.proxy = Proxy(host, int(port))
        named = {"name": "c", "cluster": {**cluster, "server": f"https://127.0.0.1:{self.proxy.port}"}}
        if host != "127.0.0.1":
            named["cluster"]["tls-server-name"] = host
        self.kubeconfig = folder / "scheduler.kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [named],
            "users": [{"name": "scheduler", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "scheduler"}}],
            "current-context": "x",
        }
        self.kubeconfig.write_text(json.dumps(config))

    def kubectl(self, *args, namespace=True, stdin=None, ok=True):
        where = ["-n", self.namespace] if namespace else []
        done = subprocess.run(["kubectl", *where, *args], input=stdin, capture_output=True, text=True)
        assert not ok or done.returncode == 0, f"kubectl {args}: {done.stderr}"
        return done.stdout

    def apply(self, document):
        self.kubectl("apply", "-f", "-", stdin=json.dumps(document))

    def get(self, kind, name):
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def pods(self, selector="kubernetes_executor=True"):
        return json.loads(self.kubectl("get", "pods", "-l", selector, "-o", "json"))["items"]

    def close(self):
        self.kubectl("delete", "namespace", self.namespace, "--wait=false", namespace=False)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


@pytest.fixture
def kube(postgres, cluster, tmp_path):
    """A home whose tasks run in pods of the cluster; `begin` starts its roles, with the DAG files that are there."""
    home = Home(pathlib.Path(os.environ["TRADEWIND_BIN"]).resolve(), tmp_path / "home")
    home.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = postgres.fresh_database()
    template = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "placeholder"},
        "spec": {
            "serviceAccountName": "airflow-worker",
            "containers": [
                {
                    "name": "base",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "env": [{"name": "AIRFLOW__CORE__DAGS_FOLDER", "value": "/dags"}],
                    "volumeMounts": [{"name": "dags", "mountPath": "/dags"}],
                }
            ],
            "volumes": [{"name": "dags", "configMap": {"name": "dags"}}],
        },
    }
    binary = os.environ.get("K8S_TEST_BINARY")
    if binary:
        # A node that is this machine can take the binary from here instead of from the image.
        template["spec"]["volumes"].append({"name": "binary", "hostPath": {"path": binary}})
        mount = {"name": "binary", "mountPath": "/usr/local/bin/tradewind", "readOnly": True}
        template["spec"]["containers"][0]["volumeMounts"].append(mount)
    (home.path / "pod.yaml").write_text(json.dumps(template))
    home.env |= {
        "AIRFLOW__API__HOST": "0.0.0.0",
        "AIRFLOW__CORE__EXECUTOR": "KubernetesExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{home.port}",
        "AIRFLOW__KUBERNETES_EXECUTOR__IN_CLUSTER": "False",
        "AIRFLOW__KUBERNETES_EXECUTOR__CONFIG_FILE": str(cluster.kubeconfig),
        "AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE": cluster.namespace,
        "AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE": str(home.path / "pod.yaml"),
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    }
    home.cluster = cluster
    brokers = []

    def begin(**env):
        home.env |= env
        if "Celery" in home.env["AIRFLOW__CORE__EXECUTOR"]:
            brokers.append(RedisBroker(tmp_path))
            home.env["AIRFLOW__CELERY__BROKER_URL"] = brokers[0].url
        data = {path.name: path.read_text() for path in home.dags.glob("*.py")}
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dags"}, "data": data})
        home.cli("db", "migrate")
        home.wait_healthy(*(home.start(role) for role in ("api-server", "scheduler", "dag-processor")))
        if brokers:
            server = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{home.url}/execution/"}
            home.start("celery", "worker", env=server, name="worker")
        return home

    home.begin = begin
    yield home
    home.stop_all()
    for broker in brokers:
        broker.stop()
