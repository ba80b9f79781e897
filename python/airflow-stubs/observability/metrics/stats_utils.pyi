# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.observability.stats import *
