# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions.dag import DAG as DAG
from airflow.sdk.definitions._internal.contextmanager import DagContext as DagContext
from airflow.models.orm import DagModel as DagModel
from airflow.models.orm import DagTag as DagTag
from airflow.sdk.definitions.dag import dag as dag
