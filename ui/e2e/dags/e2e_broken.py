"""A file that cannot be imported: its third line is no Python."""
from airflow.sdk import DAG
def broken(:
    pass
