# Written by scripts/stubs.py from the package's own tables.
from airflow.dag_processing.dagbag import *
