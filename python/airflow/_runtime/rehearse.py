"""Runs a small task and a small DAG file a few times in the host before it forks.

What Python does on a first run (specialising bytecode, filling caches, growing tables) then happens once in the
host and not in every child, where each page that is written to must first be copied. A child's own time for a small
task is about a third of what it is without.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import socket
import sys
from datetime import datetime
from typing import Any

from airflow._runtime import logs, run, supervisor
from airflow._runtime.wire import Channel

_ROUNDS = 12


class _Silence(socket.socket):
    """A socket that takes everything and keeps nothing."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Nothing."""


def _work(run_id: Any = None) -> list[int]:
    logging.getLogger("airflow.task").info("rehearsal %s", run_id)
    return [1]


def rehearse() -> None:
    """Run; afterwards nothing is left but what was learnt."""
    from airflow._runtime.load import collect, module_name, run_file
    from airflow._serialize.dag import serialize_dag
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk.definitions.dag import DAG

    file = os.path.join(os.path.dirname(__file__), "rehearsal_dag.py")
    environ = dict(os.environ)
    dag = DAG("rehearsal", schedule="@daily", start_date=datetime(2024, 1, 1), tags=["rehearsal"])
    task = PythonOperator(task_id="task", python_callable=_work, dag=dag)
    sock = _Silence(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        for _ in range(_ROUNDS):
            task.op_kwargs = {}
            channel = Channel(sock)
            supervisor.set_channel(channel)
            logs.attach(channel)
            job = json.loads(_JOB)
            run.set_environment(job)
            outcome = run.try_task(job, task)
            channel.send(outcome.as_message())
            channel.send({"dags": [serialize_dag(each) for each in collect(run_file(file)).values()]})
    finally:
        sock.close()
        supervisor.set_channel(None)
        logs.detach()
        os.environ.clear()
        os.environ.update(environ)
        sys.modules.pop(module_name(file), None)
        gc.collect()


_INSTANT = "2024-01-01T00:00:00Z"
_JOB = json.dumps(
    {
        "dag_id": "rehearsal",
        "task_id": "task",
        "try_id": "00000000-0000-8000-8000-000000000000",
        "try_number": 1,
        "max_tries": 1,
        "map_index": -1,
        "queued_at": _INSTANT,
        "run": {
            "run_id": "rehearsal",
            "run_type": "manual",
            "logical_date": _INSTANT,
            "data_interval_start": _INSTANT,
            "data_interval_end": _INSTANT,
            "run_after": _INSTANT,
            "conf": {},
        },
    }
)
