# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.io.path import ObjectStoragePath as ObjectStoragePath
from airflow.sdk.io.store import attach as attach
from airflow.sdk.io.fs import get_fs as get_fs
from airflow.sdk.io.fs import has_fs as has_fs
