# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import TaskInstanceUuid as TaskInstanceUuid
from airflow._engine_side import WorkloadKey as WorkloadKey
from airflow._engine_side import WorkloadState as WorkloadState
