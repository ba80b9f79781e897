# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.execution_time.task_instance import *
