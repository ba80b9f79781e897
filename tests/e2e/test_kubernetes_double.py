"""What the executor relies on in Kubernetes' API, asked of the double; `make k8s-test` asks a real cluster the same."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
import uuid

import pytest
import requests
from kube_double import Double
from system import wait_for

LABELS = {"kubernetes_executor": "True", "conformance": "yes"}
SELECTOR = "kubernetes_executor=True,conformance=yes,airflow_executor_done!=True"


class Api:
    """Requests about the pods of one namespace."""

    def __init__(self, url, namespace, session, image):
        self.session = session
        self.image = image
        self.pods = f"{url}/api/v1/namespaces/{namespace}/pods"

    def pod(self, name, script="exit 0", **metadata):
        container = {"name": "base", "image": self.image, "command": ["/bin/sh", "-c", script]}
        spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
        return {"metadata": {"name": name, "labels": dict(LABELS), **metadata}, "spec": spec}

    def create(self, pod):
        return self.session.post(self.pods, json=pod)

    def phase(self, name):
        return self.session.get(f"{self.pods}/{name}").json().get("status", {}).get("phase")

    def watch(self, version, **params):
        params = {"watch": "1", "resourceVersion": version, "labelSelector": SELECTOR, "timeoutSeconds": 30, **params}
        answer = self.session.get(self.pods, params=params, stream=True, timeout=60)
        for line in answer.iter_lines():
            yield json.loads(line)


@pytest.fixture
def api(tmp_path):
    config = os.environ.get("K8S_TEST_KUBECONFIG")
    session = requests.Session()
    session.trust_env = False
    if config is None:
        double = Double(tmp_path, "/bin/false", {"PATH": os.environ["PATH"]})
        yield Api(double.url, "conformance", session, "any")
        double.close()
        return
    kubectl = ["kubectl", "--kubeconfig", config]
    view = json.loads(subprocess.check_output([*kubectl, "config", "view", "--raw", "--minify", "-o", "json"]))
    cluster, user = view["clusters"][0]["cluster"], view["users"][0]["user"]
    files = {}
    for name, value in {**cluster, **user}.items():
        if name.endswith("-data"):
            files[name] = tmp_path / name
            files[name].write_bytes(base64.b64decode(value))
    session.verify = str(files["certificate-authority-data"])
    if "token" in user:
        session.headers["Authorization"] = f"Bearer {user['token']}"
    else:
        session.cert = (str(files["client-certificate-data"]), str(files["client-key-data"]))
    namespace = f"conformance-{uuid.uuid4().hex[:8]}"
    subprocess.check_call([*kubectl, "create", "namespace", namespace])
    account = [*kubectl, "-n", namespace, "get", "serviceaccount", "default"]
    wait_for("the namespace's account", lambda: subprocess.run(account, capture_output=True).returncode == 0)
    yield Api(cluster["server"], namespace, session, os.environ["K8S_TEST_IMAGE"])
    subprocess.check_call([*kubectl, "delete", "namespace", namespace, "--wait=false"])


def refusal(answer):
    body = answer.json()
    assert body["kind"] == "Status" and body["status"] == "Failure" and body["code"] == answer.status_code
    return body["code"], body["reason"]


def test_pods_are_made_once_run_and_go(api):
    answer = api.create(api.pod("one", annotations={"tradewind/try": "x"}))
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"]["phase"] == "Pending" and made["metadata"]["annotations"]["tradewind/try"] == "x"
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    again = api.create(api.pod("one"))
    assert refusal(again) == (409, "AlreadyExists") and again.json()["details"]["kind"] == "pods"
    wait_for("the end", lambda: api.phase("one") == "Succeeded", 60)
    state = api.session.get(f"{api.pods}/one").json()["status"]["containerStatuses"][0]["state"]
    assert state["terminated"]["exitCode"] == 0 and state["terminated"]["reason"] == "Completed"
    api.session.delete(f"{api.pods}/one", json={"gracePeriodSeconds": 0})
    wait_for("it is gone", lambda: api.session.get(f"{api.pods}/one").status_code == 404, 60)
    missing = api.session.delete(f"{api.pods}/one")
    assert refusal(missing) == (404, "NotFound") and missing.json()["details"]["kind"] == "pods"


def test_failures_say_exit_code_and_words(api):
    api.create(api.pod("bad", "echo first; echo last words; exit 3"))
    wait_for("the end", lambda: api.phase("bad") == "Failed", 60)
    state = api.session.get(f"{api.pods}/bad").json()["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (state["exitCode"], state["reason"]) == (3, "Error")
    log = api.session.get(f"{api.pods}/bad/log", params={"tailLines": 1})
    assert log.status_code == 200 and log.text == "last words\n"


def test_what_is_no_pod_is_refused(api):
    wrong = api.pod("wrong")
    wrong["metadata"]["labels"]["run_id"] = "a:b"
    assert refusal(api.create(wrong)) == (422, "Invalid")
    assert refusal(api.create({"metadata": {"name": "none"}, "spec": {"containers": []}})) == (422, "Invalid")


def test_a_watch_tells_what_a_list_left_out(api):
    api.create(api.pod("before", "sleep 600"))
    wait_for("it runs", lambda: api.phase("before") == "Running", 60)
    listed = api.session.get(api.pods, params={"labelSelector": SELECTOR}).json()
    assert [pod["metadata"]["name"] for pod in listed["items"]] == ["before"]
    version = listed["metadata"]["resourceVersion"]
    seen = []
    stop = threading.Event()

    def follow():
        for event in api.watch(version):
            seen.append((event["type"], event["object"]))
            if stop.is_set():
                return

    threading.Thread(target=follow, daemon=True).start()
    names = lambda kind: [pod["metadata"]["name"] for what, pod in list(seen) if what == kind]  # noqa: E731
    # Pods of others are not told of.
    api.create({**api.pod("other"), "metadata": {"name": "other"}})
    api.create(api.pod("after", "sleep 600"))
    wait_for("a new pod is told of", lambda: names("ADDED") == ["after"], 60)
    wait_for("that it runs", lambda: any(p["status"]["phase"] == "Running" for _, p in list(seen)), 60)
    # A label is added without touching the others.
    merge = {"Content-Type": "application/merge-patch+json"}
    patch = {"metadata": {"labels": {"airflow-worker": "7"}}}
    answer = api.session.patch(f"{api.pods}/after", data=json.dumps(patch), headers=merge)
    assert answer.status_code == 200 and answer.json()["metadata"]["labels"] == {**LABELS, "airflow-worker": "7"}
    # What leaves the selection is told as deleted, as it was before, and is there still.
    patch = {"metadata": {"labels": {"airflow_executor_done": "True"}}}
    api.session.patch(f"{api.pods}/before", data=json.dumps(patch), headers=merge)
    wait_for("it left", lambda: names("DELETED") == ["before"], 60)
    left = next(pod for what, pod in seen if what == "DELETED")
    assert left["metadata"]["labels"] == LABELS and api.phase("before") == "Running"
    # A deletion first marks, then removes.
    api.session.delete(f"{api.pods}/after")
    wait_for("it is gone", lambda: "after" in names("DELETED"), 60)
    assert any(what == "MODIFIED" and "deletionTimestamp" in pod["metadata"] for what, pod in seen)
    stop.set()


def test_a_version_that_is_too_old_is_said_to_be(api):
    if "K8S_TEST_KUBECONFIG" in os.environ:
        pytest.skip("a young cluster remembers everything")
    event = next(api.watch("1", labelSelector=""))
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
