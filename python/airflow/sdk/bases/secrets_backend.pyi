# Written by scripts/stubs.py from the package's own tables.
from airflow.secrets.base_secrets import *
