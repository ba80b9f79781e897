"""The host's conversation, over real sockets."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from driver import PYTHON, Host, workload

SIMPLE = """
    from airflow import DAG
    from airflow.operators.python import PythonOperator

    def hello():
        print("printed")
        return 42

    with DAG("simple", schedule=None):
        PythonOperator(task_id="hello", python_callable=hello)
"""


def test_says_that_it_is_ready(host):
    assert host.ready["type"] == "ready"
    assert host.ready["pid"] == host.process.pid
    assert host.ready["python"].count(".") == 2


def test_runs_a_try_in_a_child(host, dag_file):
    path = dag_file(SIMPLE)
    child = host.fork().run(workload(path, "simple", "hello"))
    assert child.done["state"] == "success"
    assert child.done["xcoms"] == {"return_value": 42}
    assert child.stdout == "printed\n"
    assert child.exit["code"] == 0
    assert child.exit["signal"] is None
    assert child.exit["max_rss_kb"] > 5000


def test_many_children_at_once(host, dag_file):
    path = dag_file(SIMPLE)
    children = [host.fork() for _ in range(20)]
    for child in children:
        child.channel.send(workload(path, "simple", "hello"))
    for child in children:
        child.until("done")
        assert child.wait().exit["code"] == 0


def test_a_child_leads_its_own_session_and_has_no_descriptor_of_the_host(host, dag_file):
    path = dag_file(
        """
        import os
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        def look():
            links = []
            for fd in os.listdir("/proc/self/fd"):
                try:
                    links.append(os.readlink(f"/proc/self/fd/{fd}").split(":")[0])
                except OSError:  # the listing's own
                    pass
            return [os.getsid(0) == os.getpid(), sorted(links)]

        with DAG("d", schedule=None):
            PythonOperator(task_id="look", python_callable=look)
        """
    )
    child = host.fork().run(workload(path, "d", "look"))
    leads, kinds = child.done["xcoms"]["return_value"]
    assert leads
    # stdin, stdout and stderr (two pipes), and the control socket.
    assert kinds.count("socket") == 1
    assert kinds.count("pipe") == 2


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_crash_ends_one_child_only(host, dag_file, how):
    path = dag_file(f"import os\n{how}\n")
    child = host.fork().run({"type": "parse", "path": str(path), "root": str(path.parent), "bundle": "b"})
    assert child.frames == []
    assert (child.exit["code"], child.exit["signal"]) != (0, None)
    assert host.parse(dag_file(SIMPLE, "good.py"))["import_error"] is None


def test_kill_reaches_the_whole_group(host, dag_file, tmp_path):
    path = dag_file(
        f"""
        import subprocess, time
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        def wait():
            inner = subprocess.Popen(["sleep", "600"])
            open({str(tmp_path / "pid")!r}, "w").write(str(inner.pid))
            print("started")
            time.sleep(600)

        with DAG("d", schedule=None):
            PythonOperator(task_id="wait", python_callable=wait)
        """
    )
    child = host.fork()
    child.channel.send(workload(path, "d", "wait"))
    assert child.printed() == "started"
    inner = int((tmp_path / "pid").read_text())
    child.kill(signal.SIGKILL)
    assert child.wait().exit["signal"] == signal.SIGKILL
    _gone(inner)


def _gone(pid: int) -> None:
    """Wait until a process that is not our child is gone (or a zombie of somebody else's)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        os.sched_yield()
    raise AssertionError(f"process {pid} is still there")


def test_a_host_that_is_closed_or_killed_takes_its_children_with_it(dag_file):
    path = dag_file("import os, time\nprint(os.getpid())\ntime.sleep(600)\n")
    for end in ("close", "kill"):
        host = Host()
        child = host.fork()
        child.channel.send({"type": "parse", "path": str(path), "root": str(path.parent), "bundle": "b"})
        pid = int(child.printed())
        if end == "close":
            assert host.close() == 0
        else:
            host.process.kill()
            host.process.wait()
            host.channel.sock.close()
        _gone(pid)


def test_a_warm_host_forks_tasks_without_importing_the_file_again(host, dag_file, tmp_path):
    path = dag_file(
        f"""
        from airflow import DAG
        from airflow.operators.python import PythonOperator
        import helper_of_warm

        open({str(tmp_path / "imports")!r}, "a").write("x")

        with DAG("d", schedule=None):
            PythonOperator(task_id="t", python_callable=lambda: helper_of_warm.VALUE)
        """
    )
    helper = dag_file("VALUE = 7\n", "helper_of_warm.py")
    warm, answer = host.warm(path)
    assert answer["modules"] == [str(helper)]
    for _ in range(3):
        child = warm.fork().run(workload(path, "d", "t"))
        assert child.done["xcoms"] == {"return_value": 7}
    assert (tmp_path / "imports").read_text() == "x"
    warm.channel.sock.close()
    assert host.exit_of(host.children[-1].job)["code"] == 0


def test_a_warm_host_refuses_files_that_leave_threads_or_connections(host, dag_file):
    reasons = {
        "raise RuntimeError('no')": "RuntimeError: no",
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()": "1 other threads",
        "import socket\nPAIR = socket.socketpair()": "2 network connections",
    }
    for number, (text, reason) in enumerate(reasons.items()):
        warm, answer = host.warm(dag_file(text, f"unfit{number}.py"))
        assert warm is None
        assert answer["type"] == "unfit"
        assert reason in answer["reason"]


def test_says_clearly_that_it_is_not_started_by_hand():
    import subprocess
    import sys

    command = [sys.executable, "-m", "airflow._runtime.host"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PYTHON)
    assert done.returncode == 2
    assert "TRADEWIND_HOST_FD is not set" in done.stderr
