"""The python host: imports the package once, then forks a child for each job it is told to.

Started as ``python -m airflow._runtime.host`` with a socket on the descriptor in ``TRADEWIND_HOST_FD``. One thread,
no timers: it sleeps until the socket or a dead child wakes it. The same loop serves a warm host, which is a child
that has imported a DAG file.
"""

from __future__ import annotations

import array
import errno
import gc
import os
import select
import signal
import socket
import sys
from typing import Any

from airflow._runtime import wanted
from airflow._runtime.wire import Channel, Closed

_DESCRIPTORS = 3  # control socket, stdout, stderr
_ANCILLARY = socket.CMSG_SPACE(64 * array.array("i").itemsize)


class Host:
    """Serves one socket until it closes."""

    def __init__(self, sock: socket.socket) -> None:
        self.channel = Channel(sock)
        self.descriptors: list[int] = []
        self.jobs: dict[int, int] = {}  # job to process id
        self.pids: dict[int, int] = {}  # process id to job
        self.pid = os.getpid()
        self.wanted: list[str] = []
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_read, False)
        os.set_blocking(self.wake_write, False)

    def serve(self, **ready: Any) -> Job | None:
        """Serve until the socket closes, then end all children. In a forked child: its job, to be run by the caller."""
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _ignore)
        # Ctrl-C in a terminal reaches the whole foreground group; who started us decides when to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        version = "{}.{}.{}".format(*sys.version_info[:3])
        gc.collect()
        gc.freeze()
        self.channel.send({"type": "ready", "pid": os.getpid(), "python": version, "prefix": sys.prefix, **ready})
        poll = select.poll()
        poll.register(self.channel.sock, select.POLLIN)
        poll.register(self.wake_read, select.POLLIN)
        try:
            while True:
                events = poll.poll(0) if self.wanted else poll.poll()
                if not events:
                    self._learn()
                for fd, _ in events:
                    if fd == self.wake_read:
                        self._reap()
                        continue
                    job = self._listen()
                    if job is not None:
                        return job
        except Closed:
            self._end_all()
            return None

    def _listen(self) -> Job | None:
        try:
            data, ancillary, _, _ = self.channel.sock.recvmsg(65536, _ANCILLARY)
        except OSError as error:
            raise Closed(str(error)) from None
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
                self.descriptors.extend(numbers)
        if not data:
            raise Closed("the socket closed")
        self.channel.feed(data)
        while True:
            message = self.channel.buffered()
            if message is None:
                return None
            if message["type"] == "fork":
                job = self._fork(message["job"])
                if job is not None:
                    return job
            elif message["type"] == "kill":
                self._kill(message["job"], message["signal"])

    def _fork(self, number: int) -> Job | None:
        mine, self.descriptors = self.descriptors[:_DESCRIPTORS], self.descriptors[_DESCRIPTORS:]
        if len(mine) != _DESCRIPTORS:
            for fd in mine:
                os.close(fd)
            self.channel.send({"type": "fork_failed", "job": number, "error": "the descriptors did not arrive"})
            return None
        try:
            pid = os.fork()
        except OSError as error:
            for fd in mine:
                os.close(fd)
            self.channel.send({"type": "fork_failed", "job": number, "error": f"fork: {error.strerror}"})
            return None
        if pid == 0:
            return self._become_child(mine)
        for fd in mine:
            os.close(fd)
        self.jobs[number] = pid
        self.pids[pid] = number
        self.channel.send({"type": "forked", "job": number, "pid": pid})
        return None

    def _become_child(self, mine: list[int]) -> Job:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        die_with(self.pid)
        control, out, err = mine
        os.dup2(out, 1)
        os.dup2(err, 2)
        for fd in (out, err, self.wake_read, self.wake_write, *self.descriptors):
            os.close(fd)
        self.channel.sock.close()
        self.jobs.clear()
        self.pids.clear()
        return Job(socket.socket(fileno=control))

    def _learn(self) -> None:
        """Import what children had to import, now that nobody waits."""
        wanted.load(self.wanted)
        self.wanted = []
        gc.collect()
        gc.freeze()

    def _kill(self, number: int, signum: int) -> None:
        pid = self.jobs.get(number)
        if pid is not None:
            _signal_group(pid, signum)

    def _reap(self) -> None:
        try:
            while os.read(self.wake_read, 4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
            if pid == 0:
                self.wanted = wanted.missing()
                return
            number = self.pids.pop(pid, None)
            if number is None:
                continue
            self.jobs.pop(number, None)
            signalled = os.WIFSIGNALED(status)
            self.channel.send(
                {
                    "type": "exited",
                    "job": number,
                    "code": None if signalled else os.WEXITSTATUS(status),
                    "signal": os.WTERMSIG(status) if signalled else None,
                    "max_rss_kb": usage.ru_maxrss,
                    "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000),
                }
            )

    def _end_all(self) -> None:
        for pid in self.pids:
            _signal_group(pid, signal.SIGKILL)
        for pid in self.pids:
            try:
                os.waitpid(pid, 0)
            except OSError:
                continue


class Job:
    """A forked child's socket, on which its job comes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


def _ignore(signum: int, _frame: Any) -> None:
    """The wakeup descriptor does the work."""


def _signal_group(pid: int, signum: int) -> None:
    try:
        os.killpg(pid, signum)
    except ProcessLookupError:
        # Not the leader of a group yet, or gone.
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            return
    except PermissionError:
        os.kill(pid, signum)


def _find_prctl() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        return ctypes.CDLL(None, use_errno=True).prctl
    except (ImportError, OSError, AttributeError):
        return None


_prctl = _find_prctl()


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, whatever way.

    Only for children of hosts: the signal comes when the *thread* that forked ends, and hosts have only one.
    """
    if _prctl is not None:
        _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(0)


def preload() -> None:
    """Import what jobs need, so that children find it in memory."""
    import importlib

    for module in (
        "airflow._alias_table",
        "airflow._config_defaults",
        "airflow._config_renames",
        "airflow._runtime.alerts",
        "airflow._runtime.context",
        "airflow._runtime.execute",
        "airflow._runtime.logs",
        "airflow._runtime.parse",
        "airflow._runtime.run",
        "airflow._serialize.dag",
        "airflow.providers.standard.decorators.python",
        "airflow.providers.standard.operators.bash",
        "airflow.providers.standard.operators.empty",
        "airflow.providers.standard.operators.python",
        "airflow.sdk.definitions.decorators",
        "airflow.sdk.definitions.param",
        "airflow.sdk.execution_time.task_instance",
        "airflow.sdk.timezone",
        "airflow.timetables.interval",
        "airflow.timetables.simple",
        "airflow.timetables.trigger",
        "airflow.utils.state",
    ):
        importlib.import_module(module)
    from airflow._runtime import logs, plugins
    from airflow._runtime.rehearse import rehearse

    rehearse()
    logs.prepare()
    plugins.scan_entry_points()
    wanted.also(plugins.provider_modules())
    plugins.report_problems()


def work(sock: socket.socket) -> int:
    """Do the job that comes on a child's socket; its exit code."""
    channel = Channel(sock)
    while True:
        try:
            job = channel.receive()
        except Closed:
            return 0
        kind = job["type"]
        if kind == "run":
            from airflow._runtime.run import run

            return run(channel, job)
        if kind == "callback":
            from airflow._runtime.callback import call

            return call(channel, job)
        if kind == "parse":
            from airflow._runtime.parse import parse

            return parse(channel, job)
        if kind == "timetable":
            from airflow._runtime.timetable import ask

            return ask(channel, job)
        if kind == "ask":
            from airflow._runtime.questions import tell

            return tell(channel, job)
        if kind == "triggers":
            from airflow._runtime.triggers import triggers

            return triggers(channel, job)
        if kind == "warm":
            from airflow._runtime.parse import warm

            modules = warm(channel, job)
            wanted.note()
            if modules is None:
                return 0
            forked = Host(sock).serve(modules=modules)
            if forked is None:
                return 0
            channel = Channel(forked.sock)
            sock = forked.sock
            continue
        channel.send({"type": "unfit", "reason": f"this python package does not know the job {kind!r}"})
        return 2


def main() -> None:
    """Serve until the socket closes."""
    try:
        fd = int(os.environ.pop("TRADEWIND_HOST_FD"))
    except (KeyError, ValueError):
        print("the python host is started by tradewind, not by hand (TRADEWIND_HOST_FD is not set)", file=sys.stderr)
        raise SystemExit(2) from None
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "")
        print(f"TRADEWIND_HOST_FD={fd} is not a socket: {name} {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None
    os.set_inheritable(fd, False)
    preload()
    sys.stdout.reconfigure(line_buffering=True, write_through=False)  # type: ignore[union-attr]
    job = Host(sock).serve()
    if job is None:
        os._exit(0)
    _run_child(job)


def _run_child(job: Job) -> None:
    """Never returns: nothing of the host's own may run in a child."""
    code = 70
    try:
        code = work(job.sock)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        try:
            wanted.note()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


if __name__ == "__main__":
    main()
