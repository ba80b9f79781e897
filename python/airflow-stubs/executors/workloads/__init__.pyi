# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import ExecuteCallback as ExecuteCallback
from airflow._engine_side import ExecuteTask as ExecuteTask
from airflow._engine_side import ExecutorWorkload as ExecutorWorkload
