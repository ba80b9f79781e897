# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import BaseExecutor as BaseExecutor
from airflow._engine_side import EventBufferValueType as EventBufferValueType
from airflow._engine_side import ExecutorConf as ExecutorConf
