"""A small double of Kubernetes' API, for pods alone, with one node that runs them as processes of this machine.

What it answers is held to a real server by `test_kubernetes_double.py`, which `make k8s-test` runs against both.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PODS = re.compile(r"/api/v1(?:/namespaces/(?P<namespace>[^/]+))?/pods(?:/(?P<name>[^/]+)(?P<log>/log)?)?$")
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Refusal(Exception):
    """An error as Kubernetes says it."""

    def __init__(self, code, reason, message, **details):
        super().__init__(message)
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": {"kind": "pods", **details},
            "code": code,
        }


def selected(labels: dict, selector: str) -> bool:
    """Equality-based selectors: `a=b`, `a!=b`, `a`."""
    for term in filter(None, selector.split(",")):
        if "!=" in term:
            key, value = term.split("!=")
            if labels.get(key) == value:
                return False
        elif "=" in term:
            key, value = re.split("==?", term)
            if labels.get(key) != value:
                return False
        elif term not in labels:
            return False
    return True


def merged(old, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class Double:
    """The server, its store and its node."""

    def __init__(self, folder: pathlib.Path, binary: str, env: dict[str, str]):
        self.folder = folder
        self.binary = binary
        self.env = env
        self.lock = threading.Condition()
        self.pods: dict[tuple[str, str], dict] = {}
        self.version = 1000
        self.oldest = 1000
        self.log: list[tuple[int, str, dict]] = []
        self.latest: dict[str, dict] = {}
        self.before: dict[int, dict | None] = {}
        self.processes: dict[tuple[str, str], subprocess.Popen] = {}
        self.finished: list[dict] = []
        self.failures: list[tuple[str, int, str, str]] = []
        self.created = 0
        self.most = 0
        self.epoch = 0
        self.is_away = False
        self.stuck: dict | None = None
        self.slots = threading.Semaphore(int(os.environ.get("KUBE_DOUBLE_SLOTS", "6")))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "double", "cluster": {"server": self.url}}],
                    "users": [{"name": "double", "user": {}}],
                    "contexts": [{"name": "double", "context": {"cluster": "double", "user": "double"}}],
                    "current-context": "double",
                }
            )
        )

    # Faults

    def fail(self, method: str, code: int, reason: str, message: str, times: int = 1):
        """The next requests of that method are refused."""
        with self.lock:
            self.failures += [(method, code, reason, message)] * times

    def expire(self):
        """Forgets what happened until now: watches that go on from there are told 410 Gone."""
        with self.lock:
            self.oldest = self.version
            self.log.clear()
            self.epoch += 1
            self.lock.notify_all()

    @contextlib.contextmanager
    def away(self):
        """Answers nothing, and ends every watch; its node goes on."""
        with self.lock:
            self.is_away = True
            self.epoch += 1
            self.lock.notify_all()
        try:
            yield
        finally:
            with self.lock:
                self.is_away = False

    def kill(self, key, event="DELETED"):
        """The pod and its processes are gone at once, as with its node."""
        process = self.processes.get(key)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        with self.lock:
            pod = self.pods.pop(key, None)
            if pod is not None:
                self._record(event, pod)

    def close(self):
        for process in list(self.processes.values()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        self.server.shutdown()
        self.server.server_close()

    # Store

    def _record(self, event: str, pod: dict):
        self.version += 1
        pod["metadata"]["resourceVersion"] = str(self.version)
        now_is = json.loads(json.dumps(pod))
        self.log.append((self.version, event, now_is))
        was = self.latest.get(pod["metadata"]["uid"], now_is)
        self.before[self.version] = was if event != "ADDED" else None
        self.latest[pod["metadata"]["uid"]] = now_is
        self.lock.notify_all()

    def _status(self, key, **status):
        with self.lock:
            pod = self.pods.get(key)
            if pod is None:
                return False
            pod["status"] = {**pod["status"], **status}
            self._record("MODIFIED", pod)
            return True

    def create(self, namespace: str, pod: dict) -> dict:
        metadata = pod.setdefault("metadata", {})
        name = metadata.get("name", "")
        if not NAME.match(name) or len(name) > 253:
            raise Refusal(422, "Invalid", f'Pod "{name}" is invalid: metadata.name', name=name)
        for key, value in metadata.get("labels", {}).items():
            if not LABEL.match(value) or len(value) > 63:
                message = f'Pod "{name}" is invalid: metadata.labels: Invalid value: {key}={value!r}'
                raise Refusal(422, "Invalid", message, name=name)
        containers = pod.get("spec", {}).get("containers")
        if not containers or not containers[0].get("image"):
            message = f'Pod "{name}" is invalid: spec.containers[0].image: Required value'
            raise Refusal(422, "Invalid", message, name=name)
        with self.lock:
            key = (namespace, name)
            if key in self.pods:
                raise Refusal(409, "AlreadyExists", f'pods "{name}" already exists', name=name)
            metadata |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
            pod |= {"kind": "Pod", "apiVersion": "v1", "status": {"phase": "Pending", "qosClass": "BestEffort"}}
            self.pods[key] = pod
            self.created += 1
            self.most = max(self.most, len(self.pods))
            self._record("ADDED", pod)
            answer = json.loads(json.dumps(pod))
        threading.Thread(target=self._run, args=(key, answer), daemon=True).start()
        return answer

    def get(self, key):
        pod = self.pods.get(key)
        if pod is None:
            raise Refusal(404, "NotFound", f'pods "{key[1]}" not found', name=key[1])
        return pod

    def patch(self, key, patch: dict) -> dict:
        with self.lock:
            pod = self.get(key)
            pod["metadata"] = merged(pod["metadata"], patch.get("metadata", {}))
            self._record("MODIFIED", pod)
            return json.loads(json.dumps(pod))

    def delete(self, key, options: dict) -> dict:
        with self.lock:
            pod = self.get(key)
            grace = options.get("gracePeriodSeconds")
            grace = pod["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace
            runs = key in self.processes
            if "deletionTimestamp" not in pod["metadata"] and grace and runs:
                pod["metadata"] |= {"deletionTimestamp": now(), "deletionGracePeriodSeconds": grace}
                self._record("MODIFIED", pod)
                threading.Thread(target=self._end, args=(key, grace), daemon=True).start()
            elif not (grace and runs):
                self.pods.pop(key)
                self._record("DELETED", pod)
            return json.loads(json.dumps(pod))

    # Node

    def _end(self, key, grace):
        process = self.processes.get(key)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(grace)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        with self.lock:
            # Its end is told before it is gone.
            self.lock.wait_for(lambda: key not in self.processes, 10)
            pod = self.pods.pop(key, None)
            if pod is not None:
                self._record("DELETED", pod)

    def _run(self, key, pod):
        """What a kubelet does, with processes for containers."""
        container = pod["spec"]["containers"][0]
        bad = self.stuck
        if bad is not None:
            self._status(key, **bad)
            return
        status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False}
        status |= {"restartCount": 0, "started": False}
        self._status(key, conditions=[{"type": "PodScheduled", "status": "True", "lastTransitionTime": now()}])
        folder = self.folder / key[1]
        folder.mkdir(exist_ok=True)
        env = {**self.env, **{item["name"]: item.get("value", "") for item in container.get("env", [])}}
        if "TRADEWIND_TRY_TOKEN_FILE" in env:
            # A downward API volume: an annotation as a file.
            (folder / "token").write_text(pod["metadata"]["annotations"]["tradewind/token"])
            env |= {"TRADEWIND_TRY_TOKEN_FILE": str(folder / "token"), "AIRFLOW_HOME": str(folder)}
        command = container.get("command", []) + container.get("args", [])
        command = [self.binary if word == "tradewind" else word for word in command]
        with self.slots:
            with self.lock:
                if key not in self.pods:
                    return
                out = open(folder / "out", "wb")
                process = subprocess.Popen(
                    command,
                    env=env,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
                self.processes[key] = process
            running = {**status, "ready": True, "started": True, "state": {"running": {"startedAt": now()}}}
            self._status(key, phase="Running", podIP="127.0.0.1", startTime=now(), containerStatuses=[running])
            code = process.wait()
            out.close()
        self.finished.append({"key": key, "try": env.get("TRADEWIND_TRY"), "code": code})
        code = 128 - code if code < 0 else code
        reason = "Completed" if code == 0 else "Error"
        ended = {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now()}
        phase = "Succeeded" if code == 0 else "Failed"
        with self.lock:
            self.processes.pop(key, None)
            self._status(key, phase=phase, containerStatuses=[{**status, "state": {"terminated": ended}}])

    # HTTP

    def _handler(double):  # noqa: N805 - the handler's own `self` is another one
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def reply(self, code, body):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                kind = "text/plain" if isinstance(body, bytes) else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def handle_request(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}") if length else {}
                if double.is_away:
                    self.close_connection = True
                    self.connection.close()
                    return
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                try:
                    with double.lock:
                        for failure in double.failures:
                            if failure[0] == self.command:
                                double.failures.remove(failure)
                                raise Refusal(*failure[1:])
                    path = PODS.match(url.path)
                    if path is None:
                        raise Refusal(404, "NotFound", "the server could not find the requested resource")
                    self.route(path, query, body)
                except Refusal as refusal:
                    self.reply(refusal.body["code"], refusal.body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_GET = do_POST = do_PATCH = do_DELETE = handle_request

            def route(self, path, query, body):
                namespace, name = path["namespace"], path["name"]
                key = (namespace, name)
                if self.command == "POST":
                    return self.reply(201, double.create(namespace, body))
                if self.command == "PATCH":
                    return self.reply(200, double.patch(key, body))
                if self.command == "DELETE":
                    body = {
                        **body,
                        **(
                            {"gracePeriodSeconds": int(query["gracePeriodSeconds"])}
                            if "gracePeriodSeconds" in query
                            else {}
                        ),
                    }
                    return self.reply(200, double.delete(key, body))
                if path["log"]:
                    double.get(key)
                    lines = (double.folder / name / "out").read_bytes().splitlines(keepends=True)
                    return self.reply(200, b"".join(lines[-int(query.get("tailLines", 1 << 30)) :]))
                if name:
                    return self.reply(200, double.get(key))
                if query.get("watch") in ("1", "true"):
                    return self.watch(namespace, query)
                return self.list(namespace, query)

            def list(self, namespace, query):
                with double.lock:
                    items = [
                        pod
                        for key, pod in sorted(double.pods.items())
                        if namespace in (None, key[0])
                        and selected(pod["metadata"].get("labels", {}), query.get("labelSelector", ""))
                    ]
                    version = str(double.version)
                    answer = {
                        "kind": "PodList",
                        "apiVersion": "v1",
                        "metadata": {"resourceVersion": version},
                        "items": items,
                    }
                    data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def watch(self, namespace, query):
                since, selector = int(query.get("resourceVersion") or 0), query.get("labelSelector", "")
                until = time.monotonic() + float(query.get("timeoutSeconds", 300))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                epoch = double.epoch
                while time.monotonic() < until:
                    with double.lock:
                        gone = since < double.oldest
                        events = [entry for entry in double.log if entry[0] > since]
                        if not gone and not events:
                            if double.epoch != epoch:
                                break
                            double.lock.wait(1.0)
                            continue
                    if gone:
                        message = f"too old resource version: {since} ({double.oldest})"
                        self.chunk({"type": "ERROR", "object": Refusal(410, "Expired", message).body})
                        break
                    for version, event, pod in events:
                        since = version
                        if namespace not in (None, pod["metadata"]["namespace"]):
                            continue
                        before = double.before[version]
                        was = before is not None and selected(before["metadata"].get("labels", {}), selector)
                        if not selected(pod["metadata"].get("labels", {}), selector):
                            # Out of the selection: for this watch it is gone.
                            if was:
                                metadata = {**before["metadata"], "resourceVersion": str(version)}
                                self.chunk({"type": "DELETED", "object": {**before, "metadata": metadata}})
                            continue
                        # And what comes into it is new.
                        event = "ADDED" if event == "MODIFIED" and not was else event
                        self.chunk({"type": event, "object": pod})
                    if double.epoch != epoch:
                        break
                self.wfile.write(b"0\r\n\r\n")

            def chunk(self, event):
                data = json.dumps(event).encode() + b"\n"
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()

        return Handler


def beside(home, namespace: str) -> Double:
    """A double that the KubernetesExecutor of this home finds, with a node that has the image: no database, no secret."""
    kept = ("PATH", "HOME", "LANG", "AIRFLOW__TRADEWIND__PYTHON")
    env = {name: home.env[name] for name in kept if name in home.env}
    folder = home.path.parent / "node"
    folder.mkdir()
    double = Double(folder, str(home.binary), {**env, "AIRFLOW__CORE__DAGS_FOLDER": str(home.dags)})
    home.env |= {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{home.url}/execution/",
        "AIRFLOW__KUBERNETES_EXECUTOR__IN_CLUSTER": "False",
        "AIRFLOW__KUBERNETES_EXECUTOR__CONFIG_FILE": str(double.kubeconfig),
        "AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE": namespace,
        "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY": "tradewind",
        "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG": "1",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "0.5",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "4",
    }
    return double
