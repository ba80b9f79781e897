# Written by scripts/stubs.py from the package's own tables.
from airflow.models.orm import Pool as Pool
from airflow.models.orm import PoolStats as PoolStats
