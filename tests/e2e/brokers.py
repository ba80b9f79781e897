"""Brokers and Celery's own tools, each private to a test run: Redis, Sentinels, RabbitMQ, `celery`, Flower."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess

import requests
from postgres import free_port
from services import listening
from system import ROOT, wait_for

TOOLS = pathlib.Path(os.environ.get("TRADEWIND_CELERY_VENV") or ROOT / ".venv/celery") / "bin"


class RedisBroker:
    """A Redis server that can be restarted on its port.

    ``host`` and ``prefix`` place it elsewhere (a network namespace); ``options`` are lines of its configuration;
    ``certificates`` (see tls.py) make it speak TLS with those who show a certificate of the same authority; ``login``
    is a user and password of its access list.
    """

    def __init__(self, folder, host="127.0.0.1", prefix=(), options=(), certificates=None, login=None):
        self.folder, self.host, self.prefix = folder, host, prefix
        self.port = free_port()
        self._words, scheme, user = [], "redis", ""
        lines = [f"bind {host}", "protected-mode no", f"dir {folder}", 'save ""', *options]
        if certificates:
            scheme = "rediss"
            files = [f"tls-{name}-file {certificates[name]}" for name in ("cert", "key")]
            lines += ["port 0", f"tls-port {self.port}", f"tls-ca-cert-file {certificates['ca']}", *files]
            self._words += ["--tls", "--cacert", certificates["ca"]]
            self._words += ["--cert", certificates["cert"], "--key", certificates["key"]]
        else:
            lines.append(f"port {self.port}")
        if login:
            user = f"{login[0]}:{login[1]}@"
            lines += ["user default off", f"user {login[0]} on >{login[1]} ~* &* +@all"]
            self._words += ["--user", login[0], "--pass", login[1], "--no-auth-warning"]
        self.url = f"{scheme}://{user}{host}:{self.port}/0"
        self._config = folder / f"redis-{self.port}.conf"
        self._config.write_text("\n".join(map(str, lines)) + "\n")
        self.start()

    def start(self):
        program = shutil.which("redis-server")
        assert program, "Redis is not installed: run scripts/install-test-deps.sh"
        self._process = subprocess.Popen(
            [*self.prefix, program, self._config], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        wait_for("Redis", lambda: self.cli("ping").strip() == "PONG")

    def cli(self, *words: str) -> str:
        command = [*self.prefix, "redis-cli", "-h", self.host, "-p", str(self.port), *self._words, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout

    def stop(self):
        self._process.terminate()
        self._process.wait(10)

    def kill(self):
        self._process.kill()
        self._process.wait(10)


class Sentinels:
    """A master of Redis, a replica of it, and three Sentinels that make the replica the master when it dies."""

    def __init__(self, folder: pathlib.Path):
        self.master = RedisBroker(folder)
        self.replica = RedisBroker(folder, options=[f"replicaof 127.0.0.1 {self.master.port}"])
        wait_for("the replica", lambda: "master_link_status:up" in self.replica.cli("info", "replication"))
        self.ports = [free_port() for _ in range(3)]
        self.url = ";".join(f"sentinel://127.0.0.1:{port}/0" for port in self.ports)
        self._processes = []
        for port in self.ports:
            config = folder / f"sentinel-{port}.conf"
            config.write_text(
                f"port {port}\nbind 127.0.0.1\nprotected-mode no\ndir {folder}\n"
                f"sentinel monitor boss 127.0.0.1 {self.master.port} 2\n"
                "sentinel down-after-milliseconds boss 1000\nsentinel failover-timeout boss 4000\n"
            )
            self._processes.append(
                subprocess.Popen(
                    [shutil.which("redis-server"), config, "--sentinel"],
                    stdout=subprocess.DEVNULL,
                    stdin=subprocess.DEVNULL,
                )
            )
        wait_for("the Sentinels", lambda: all(self._knows(port) for port in self.ports))

    def _knows(self, port):
        """Whether a Sentinel knows the others and the replica, so that they can agree."""
        command = ["redis-cli", "-p", str(port), "sentinel", "master", "boss"]
        lines = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.split("\n")
        known = dict(zip(lines[::2], lines[1::2], strict=False))
        return (known.get("num-other-sentinels"), known.get("num-slaves")) == ("2", "1")

    def stop(self):
        for process in self._processes:
            process.terminate()
            process.wait(10)
        for server in (self.master, self.replica):
            server.stop()


class RabbitBroker:
    """A RabbitMQ server with a node name, an Erlang port mapper and folders of its own, that can be restarted.

    ``host``, ``prefix`` and ``certificates`` as of Redis; with certificates it listens with TLS alone.
    """

    def __init__(self, folder: pathlib.Path, host: str = "127.0.0.1", prefix: tuple[str, ...] = (), certificates=None):
        program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        if not os.access(program, os.X_OK):
            program = shutil.which("rabbitmq-server")
        assert program, "RabbitMQ is not installed: run scripts/install-test-deps.sh"
        self.host, self.prefix = host, prefix
        self.port = free_port()
        self.url = f"{'amqps' if certificates else 'amqp'}://guest:guest@{host}:{self.port}//"
        (folder / "plugins").write_text("[].\n")
        lines = ["loopback_users = none"]
        if certificates:
            lines += ["listeners.tcp = none", f"listeners.ssl.default = {self.port}"]
            lines += [
                f"ssl_options.cacertfile = {certificates['ca']}",
                f"ssl_options.certfile = {certificates['cert']}",
            ]
            lines += [f"ssl_options.keyfile = {certificates['key']}", "ssl_options.verify = verify_peer"]
            lines += ["ssl_options.fail_if_no_peer_cert = true"]
        else:
            lines.append(f"listeners.tcp.default = {host}:{self.port}")
        (folder / "rabbit.conf").write_text("\n".join(lines) + "\n")
        self._env = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"tradewind{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbit.conf"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._out = open(folder / "out", "ab")
        self._command = [*prefix, program]
        self.start()

    def start(self):
        log = pathlib.Path(self._out.name)
        before = log.stat().st_size
        self._process = subprocess.Popen(
            self._command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        # It listens before it is ready, and not everybody reaches its port.
        wait_for("RabbitMQ", lambda: b"Starting broker... completed" in log.read_bytes()[before:], 120)

    def ctl(self, *words: str) -> str:
        """What `rabbitmqctl` prints."""
        program = shutil.which("rabbitmqctl") or "/usr/lib/rabbitmq/bin/rabbitmqctl"
        cookie = pathlib.Path(self._env["HOME"]) / ".erlang.cookie"
        command = [*self.prefix, program, "-q", "--erlang-cookie", cookie.read_text(), *words]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=60).stdout

    def down(self):
        """Ends it, with what it keeps left on disk."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)

    def stop(self):
        self.down()
        epmd = shutil.which("epmd")
        if epmd:
            command = [*self.prefix, epmd, "-kill"]
            subprocess.run(command, env=self._env, capture_output=True, timeout=20)
        self._out.close()


def celery(broker_url: str, *words: str, ok: bool = True):
    """Runs Celery's own command line on a broker; what it prints."""
    command = [str(TOOLS / "celery"), "-b", broker_url, *words, "--timeout", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if ok:
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


def inspect(broker_url: str, method: str, node: str, *words: str):
    """What a worker answers to `celery inspect METHOD`."""
    text = celery(broker_url, "inspect", method, *words, "--destination", node, "--json")
    return json.loads(text[text.index("{") :])[node]


class Flower:
    """The real Flower, started by `celery flower` of the binary under test."""

    def __init__(self, home, broker_url: str):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = {"AIRFLOW__TRADEWIND__PYTHON": str(TOOLS / "python"), "FLOWER_UNAUTHENTICATED_API": "true"}
        options = ("--hostname", "127.0.0.1", "--port", str(self.port))
        self.process = home.start("celery", "flower", *options, env=env, name="flower")
        wait_for("Flower", lambda: listening(self.port), 60)

    def get(self, path: str, **params):
        answer = requests.get(f"{self.url}{path}", params=params, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer

    def post(self, path: str, **params):
        return requests.post(f"{self.url}{path}", params=params, timeout=30)
