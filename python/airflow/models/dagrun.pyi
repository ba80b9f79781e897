# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.execution_time.task_instance import DagRun as DagRun
from airflow.models.orm import DagRunNote as DagRunNote
from airflow.utils.types import DagRunType as DagRunType
