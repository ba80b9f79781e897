# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions.decorators import dag as dag
from airflow.sdk.definitions.decorators import setup as setup
from airflow.sdk.definitions.decorators import task as task
from airflow.sdk.definitions.decorators import task_group as task_group
from airflow.sdk.definitions.decorators import teardown as teardown
