"""A private PostgreSQL server for one test run, on a port and folder of its own."""

from __future__ import annotations

import itertools
import os
import pathlib
import pwd
import random
import shutil
import socket
import subprocess


def free_port() -> int:
    """A port that nobody listens on now, below those that outgoing connections take by themselves."""
    for port in random.sample(range(10_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def _programs() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    assert on_path, "PostgreSQL is not installed: run scripts/install-test-deps.sh"
    return pathlib.Path(on_path).parent


class Postgres:
    """Started on construction; `stop` ends it."""

    def __init__(self, folder: pathlib.Path):
        self.data = folder / "data"
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._programs = _programs()
        # The server refuses to run as root.
        self._user = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            for path in [folder, *folder.parents]:
                if path == pathlib.Path("/tmp") or path == pathlib.Path("/"):
                    break
                path.chmod(path.stat().st_mode | 0o011)
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        self._run("initdb", "-D", self.data, "-U", "tradewind", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-D", self.data, "-o", options, "-l", folder / "log", "-w", "-s", "start")

    def _run(self, program, *args):
        command = [*self._user, str(self._programs / program), *map(str, args)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def fresh_database(self) -> str:
        """Makes an empty database; answers its address as SQLAlchemy would spell it."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "tradewind", name)
        return f"postgresql+psycopg2://tradewind@127.0.0.1:{self.port}/{name}"

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-s", "stop")
