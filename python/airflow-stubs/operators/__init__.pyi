# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.bases.operator import BaseOperator as BaseOperator
from airflow.providers.standard.operators.bash import BashOperator as BashOperator
from airflow.providers.standard.operators.python import BranchPythonOperator as BranchPythonOperator
from airflow.providers.standard.operators.empty import DummyOperator as DummyOperator
from airflow._email_operator import EmailOperator as EmailOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator as LatestOnlyOperator
from airflow.providers.standard.operators.python import PythonOperator as PythonOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator as ShortCircuitOperator
from airflow.sdk.definitions.subdag import SubDagOperator as SubDagOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator as TriggerDagRunOperator
