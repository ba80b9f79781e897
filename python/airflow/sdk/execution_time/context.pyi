# Written by scripts/stubs.py from the package's own tables.
from airflow.utils.operator_helpers import AIRFLOW_VAR_NAME_FORMAT_MAPPING as AIRFLOW_VAR_NAME_FORMAT_MAPPING
from airflow._runtime.accessors import ConnectionAccessor as ConnectionAccessor
from airflow.utils.operator_helpers import DEFAULT_FORMAT_PREFIX as DEFAULT_FORMAT_PREFIX
from airflow._runtime.state_store import NEVER_EXPIRE as NEVER_EXPIRE
from airflow._runtime.accessors import VariableAccessor as VariableAccessor
from airflow.utils.operator_helpers import context_to_airflow_vars as context_to_airflow_vars
