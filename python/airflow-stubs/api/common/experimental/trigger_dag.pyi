# Written by scripts/stubs.py from the package's own tables.
from airflow._trigger_dag import trigger_dag as trigger_dag
