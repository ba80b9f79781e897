# Written by scripts/stubs.py from the package's own tables.
from airflow.models.orm import TaskInstanceHistory as TaskInstanceHistory
