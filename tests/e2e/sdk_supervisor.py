"""Runs queued tries with the supervisor of Airflow's task SDK, as its executors do.

Arguments: the server, a worker's token, the DAG, how many tries.
"""

from __future__ import annotations

import sys
import uuid

from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.execution_time.supervisor import supervise_task
from sdk_claims import Claims

url, worker, dag_id, count = sys.argv[1:]
claims = Claims(url, worker)
for task_id in ("first", "second")[: int(count)]:
    workload = claims.next(task_id)
    ti = TaskInstance(
        id=workload["try_id"],
        task_id=task_id,
        dag_id=dag_id,
        run_id=workload["run"]["run_id"],
        try_number=workload["try_number"],
        map_index=workload["map_index"],
        dag_version_id=uuid.UUID(int=workload["dag_version"]),
        queue=workload["queue"],
    )
    code = supervise_task(
        ti=ti,
        bundle_info=BundleInfo(name=workload["bundle"], version=None),
        dag_rel_path=workload["file"],
        token=workload["token"],
        server=f"{url}/execution/",
        subprocess_logs_to_stdout=True,
    )
    assert code == 0, (task_id, code)
print("done")
