"""Brokers and Celery's own tools, each private to a test run: Redis, RabbitMQ, `celery`, Flower."""

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
    """A Redis server that can be restarted on its port."""

    def __init__(self, folder: pathlib.Path, host: str = "127.0.0.1", prefix: tuple[str, ...] = ()):
        self.folder, self.host, self.prefix = folder, host, prefix
        self.port = free_port()
        self.url = f"redis://{host}:{self.port}/0"
        self.start()

    def start(self):
        program = shutil.which("redis-server")
        assert program, "Redis is not installed: run scripts/install-test-deps.sh"
        options = ["--port", str(self.port), "--bind", self.host, "--save", "", "--appendonly", "no"]
        options += ["--protected-mode", "no", "--dir", str(self.folder)]
        self._process = subprocess.Popen(
            [*self.prefix, program, *options], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        wait_for("Redis", lambda: self.cli("ping").strip() == "PONG")

    def cli(self, *words: str) -> str:
        command = [*self.prefix, "redis-cli", "-h", self.host, "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout

    def stop(self):
        self._process.terminate()
        self._process.wait(10)


class RabbitBroker:
    """A RabbitMQ server with a node name, an Erlang port mapper and folders of its own."""

    def __init__(self, folder: pathlib.Path):
        program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        if not os.access(program, os.X_OK):
            program = shutil.which("rabbitmq-server")
        assert program, "RabbitMQ is not installed: run scripts/install-test-deps.sh"
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        (folder / "plugins").write_text("[].\n")
        self._env = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"tradewind{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._out = open(folder / "out", "wb")
        self._process = subprocess.Popen(
            [program], env=self._env, stdout=self._out, stderr=subprocess.STDOUT, start_new_session=True
        )
        wait_for("RabbitMQ", lambda: listening(self.port), 120)

    def stop(self):
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)
        epmd = shutil.which("epmd")
        if epmd:
            subprocess.run([epmd, "-kill"], env=self._env, capture_output=True, timeout=20)
        self._out.close()


def celery(broker_url: str, *words: str, ok: bool = True):
    """Runs Celery's own command line on a broker; the JSON that it prints, if it does."""
    command = [str(TOOLS / "celery"), "-b", broker_url, *words, "--timeout", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if ok:
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


def inspect(broker_url: str, method: str, node: str):
    """What a worker answers to `celery inspect METHOD`."""
    text = celery(broker_url, "inspect", method, "--destination", node, "--json")
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
