"""Servers that provider packages talk to, on loopback: HTTP, SSH and Redis, each private to a test run."""

from __future__ import annotations

import getpass
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading

from postgres import free_port
from system import wait_for


def listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def _answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while length := int(self.rfile.readline().strip() or b"0", 16):
                body += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
        path = self.path.partition("?")[0]
        seen = self.server.web.record(self.command, self.path, dict(self.headers), body)
        status, answer = self.server.web.answer(self.command, path, seen, body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer


class Web:
    """An HTTP server that remembers requests. ``answers``: path to status and JSON, or to a function that says so."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.requests = []
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
        self._server.web = self
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def record(self, method, path, headers, body):
        """Remember a request; how often the path was asked for so far."""
        with self._lock:
            self.requests.append((method, path, headers, body))
            return sum(1 for one in self.requests if one[1].partition("?")[0] == path.partition("?")[0])

    def answer(self, method, path, seen, body):
        """Status and body."""
        known = self.answers.get(path, (404, {"error": "no such path"}))
        return known(method, seen, body) if callable(known) else known

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Sshd:
    """OpenSSH's server for the user who runs the tests, with keys of its own."""

    def __init__(self, folder: pathlib.Path):
        self.port = free_port()
        self.user = getpass.getuser()
        self.key = folder / "client_key"
        program = shutil.which("sshd") or "/usr/sbin/sshd"
        assert os.access(program, os.X_OK), "OpenSSH's server is not installed: run scripts/install-test-deps.sh"
        for name in ("client_key", "host_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name],
                check=True,
                stdin=subprocess.DEVNULL,
            )
        if os.geteuid() == 0:  # where the server locks itself up before it knows who is there
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sftp = next((p for p in ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server") if os.path.exists(p)), "")
        config = folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host_key'}\nPidFile none\n"
            f"AuthorizedKeysFile {folder / 'client_key.pub'}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            f"Subsystem sftp {sftp or 'internal-sftp'}\n"
        )
        self._log = open(folder / "sshd.log", "wb")
        self._process = subprocess.Popen(
            [program, "-D", "-e", "-f", config], stderr=self._log, stdin=subprocess.DEVNULL
        )
        wait_for("sshd", lambda: listening(self.port))

    def stop(self):
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


class Redis:
    """A Redis server that keeps nothing."""

    def __init__(self, folder: pathlib.Path):
        program = shutil.which("redis-server")
        assert program, "Redis is not installed: run scripts/install-test-deps.sh"
        self.port = free_port()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [program, *options, "--dir", str(folder)], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        wait_for("Redis", lambda: listening(self.port))

    def stop(self):
        self._process.terminate()
        self._process.wait(10)
