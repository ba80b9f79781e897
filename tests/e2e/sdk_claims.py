"""Takes queued tries from the server as a worker does. Runs in the environment of Airflow's task SDK."""

from __future__ import annotations

import time

import httpx


class Claims:
    """A worker that only asks for work."""

    def __init__(self, url, token):
        self.http = httpx.Client(
            base_url=f"{url}/task-api/v1/", headers={"authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )
        hello = {"version": "sdk", "hostname": "here", "pid": 1, "queues": ["default"], "concurrency": 9}
        self.worker_id = self.post("register", hello)["worker_id"]
        self.found = {}

    def post(self, path, body):
        answer = self.http.post(path, json=body)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json()

    def next(self, task_id, map_index=-1, try_number=1, timeout=60):
        """The workload of a try, as soon as the scheduler has queued it. Each is given out once."""
        wanted = (task_id, map_index, try_number)
        deadline = time.monotonic() + timeout
        while wanted not in self.found:
            assert time.monotonic() < deadline, f"{wanted} was not queued; others: {list(self.found)}"
            body = {"worker_id": self.worker_id, "queues": ["default"], "free_slots": 9, "wait_ms": 2000}
            for workload in self.post("claim", body):
                self.found[workload["task_id"], workload["map_index"], workload["try_number"]] = workload
        return self.found.pop(wanted)

    def close(self):
        """Says no goodbye: there is no such message, workers fall silent."""
        self.http.close()
