# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions.context import *
