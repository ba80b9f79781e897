# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.exceptions import AirflowException as AirflowException
from airflow.sdk.definitions.asset import Asset as Asset
from airflow.sdk.definitions.dag import DAG as DAG
from airflow.sdk.definitions.asset import Dataset as Dataset
from airflow.sdk.definitions.xcom_arg import XComArg as XComArg
from airflow.configuration import conf as conf
from airflow.sdk.definitions.dag import dag as dag
from airflow.version import __version__ as __version__
