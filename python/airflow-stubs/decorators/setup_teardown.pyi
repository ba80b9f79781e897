# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions._internal.contextmanager import ContextWrapper as ContextWrapper
from airflow.sdk.definitions._internal.contextmanager import context_wrapper as context_wrapper
from airflow.sdk.definitions.decorators import setup as setup
from airflow.sdk.definitions.decorators import teardown as teardown
