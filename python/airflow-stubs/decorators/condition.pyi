# Written by scripts/stubs.py from the package's own tables.
from airflow.providers.standard.decorators.condition import *
