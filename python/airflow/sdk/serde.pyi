# Written by scripts/stubs.py from the package's own tables.
from airflow._runtime.xcom_codec import *
