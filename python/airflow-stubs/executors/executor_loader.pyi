# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import ExecutorLoader as ExecutorLoader
