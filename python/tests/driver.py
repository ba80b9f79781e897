"""Plays Tradewind's part of the host protocol over real sockets."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from airflow._runtime.wire import Channel, Closed, frame

PYTHON = Path(__file__).parent.parent
INSTANT = "2024-01-02T03:04:05Z"


class Child:
    """A forked child: its control socket and what it printed."""

    def __init__(self, driver: Conversation, job: int, control: socket.socket, out: int, err: int) -> None:
        self.driver, self.job = driver, job
        self.channel = Channel(control)
        self.pipes = {out: b"", err: b""}
        self.out, self.err = out, err
        self.frames: list[dict[str, Any]] = []
        self.exit: dict[str, Any] | None = None
        self.closed = False

    def printed(self) -> str:
        """Wait for a whole line of its output."""
        line = b""
        while not line.endswith(b"\n"):
            data = os.read(self.out, 1)
            assert data, f"the child printed no line: {line!r}"
            line += data
        return line.decode().rstrip("\n")

    def kill(self, signal: int) -> None:
        """Signal its process group."""
        self.driver.channel.send({"type": "kill", "job": self.job, "signal": signal})

    def run(self, job: dict[str, Any], answer: Callable[[dict[str, Any]], Any] | None = None) -> Child:
        """Give it a job, answer its calls, and wait until it is gone."""
        self.channel.send(job)
        while True:
            try:
                message = self.channel.receive()
            except (Closed, ConnectionResetError):
                break
            self.frames.append(message)
            if message["type"] == "call":
                reply = answer(message) if answer is not None else {"error": {"code": "not_found", "message": "no"}}
                self.channel.send({"type": "reply", "id": message["id"], **reply})
        return self.wait()

    def until(self, kind: str) -> dict[str, Any]:
        """Wait for a frame of that type."""
        while True:
            message = self.channel.receive()
            self.frames.append(message)
            if message["type"] == kind:
                return message

    def wait(self) -> Child:
        """Wait until it is reaped, and read the rest of what it printed."""
        self.exit = self.driver.exit_of(self.job)
        for fd in self.pipes:
            while select.select([fd], [], [], 0)[0]:
                data = os.read(fd, 65536)
                if not data:
                    break
                self.pipes[fd] += data
        return self

    def close(self) -> None:
        """Close our ends, once."""
        if not self.closed:
            self.closed = True
            self.channel.sock.close()
            for fd in self.pipes:
                os.close(fd)

    @property
    def stdout(self) -> str:
        """What it printed."""
        return self.pipes[self.out].decode()

    @property
    def stderr(self) -> str:
        """What it complained."""
        return self.pipes[self.err].decode()

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Frames of one type."""
        return [message for message in self.frames if message["type"] == kind]

    @property
    def done(self) -> dict[str, Any]:
        """The report of a try."""
        (message,) = self.of_type("done")
        return message

    @property
    def events(self) -> list[str]:
        """Texts of log records."""
        return [message["event"] for message in self.of_type("log")]


class Conversation:
    """The conversation with a host, root or warm."""

    number = 0
    everyone: ClassVar[list[Child]] = []

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.exits: dict[int, dict[str, Any]] = {}
        self.children: list[Child] = []
        self.ready: dict[str, Any] = {}

    def fork(self) -> Child:
        """A child that waits for its job."""
        Conversation.number += 1
        number = Conversation.number
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        message = frame({"type": "fork", "job": number})
        socket.send_fds(self.channel.sock, [message], [theirs.fileno(), out_write, err_write])
        theirs.close()
        os.close(out_write)
        os.close(err_write)
        child = Child(self, number, ours, out_read, err_read)
        self.children.append(child)
        Conversation.everyone.append(child)
        return child

    @classmethod
    def close_all(cls) -> None:
        """Close our ends of all children that there ever were."""
        while cls.everyone:
            cls.everyone.pop().close()

    def exit_of(self, job: int) -> dict[str, Any]:
        """Wait for the end of a job's child."""
        while job not in self.exits:
            message = self.channel.receive()
            assert message["type"] != "fork_failed", message
            if message["type"] == "exited":
                self.exits[message["job"]] = message
        return self.exits[job]

    def parse(self, path: Path, root: Path | None = None, **kwargs: Any) -> dict[str, Any]:
        """Have a file read."""
        job = {"type": "parse", "path": str(path), "root": str(root or path.parent), "bundle": "dags-folder"}
        child = self.fork().run(job, **kwargs)
        (parsed,) = child.of_type("parsed")
        parsed["calls"] = child.of_type("call")
        return parsed

    def warm(self, path: Path) -> tuple[Conversation | None, dict[str, Any]]:
        """Have a file imported by a child that becomes a host."""
        child = self.fork()
        child.channel.send({"type": "warm", "path": str(path), "root": str(path.parent)})
        answer = child.channel.receive()
        if answer["type"] != "ready":
            return None, answer
        warm = Conversation(child.channel)
        warm.ready = answer
        self.children.append(child)
        return warm, answer


class Host(Conversation):
    """A root host of our own."""

    def __init__(self, **environment: str) -> None:
        ours, theirs = socket.socketpair()
        env = {**os.environ, "TRADEWIND_HOST_FD": str(theirs.fileno()), "PYTHONPATH": str(PYTHON), **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "airflow._runtime.host"], pass_fds=[theirs.fileno()], env=env
        )
        theirs.close()
        super().__init__(Channel(ours))
        self.ready = self.channel.receive()

    def close(self) -> int:
        """Close the socket; the host's exit code."""
        self.channel.sock.close()
        return self.process.wait(timeout=30)


def workload(path: Path, dag_id: str, task_id: str, **more: Any) -> dict[str, Any]:
    """A ``run`` job as Tradewind sends it."""
    run = {
        "run_id": "manual__2024-01-02T03:04:05+00:00",
        "run_type": "manual",
        "logical_date": INSTANT,
        "data_interval_start": INSTANT,
        "data_interval_end": INSTANT,
        "run_after": INSTANT,
        "queued_at": INSTANT,
        "start_date": INSTANT,
        "conf": {},
        **more.pop("run", {}),
    }
    return {
        "type": "run",
        "path": str(path),
        "root": str(path.parent),
        "try_id": "00000000-0000-8010-8000-000000000001",
        "dag_id": dag_id,
        "task_id": task_id,
        "map_index": -1,
        "try_number": 1,
        "max_tries": 0,
        "run": run,
        "lane": {"kind": "python"},
        "bundle": "dags-folder",
        "file": path.name,
        "dag_version": 1,
        "operator": "PythonOperator",
        "pool": "default_pool",
        "pool_slots": 1,
        "queue": "default",
        "priority": 1,
        "queued_at": INSTANT,
        "do_xcom_push": True,
        "owner": "airflow",
        **more,
    }
