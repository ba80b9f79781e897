# Written by scripts/stubs.py from the package's own tables.
from airflow._provider_commands import ARG_BUNDLE_NAME as ARG_BUNDLE_NAME
from airflow._provider_commands import ARG_DAG_ID as ARG_DAG_ID
from airflow._provider_commands import ARG_EXECUTION_DATE as ARG_EXECUTION_DATE
from airflow._provider_commands import ARG_LOGICAL_DATE as ARG_LOGICAL_DATE
from airflow._provider_commands import ARG_OUTPUT as ARG_OUTPUT
from airflow._provider_commands import ARG_OUTPUT_PATH as ARG_OUTPUT_PATH
from airflow._provider_commands import ARG_SUBDIR as ARG_SUBDIR
from airflow._provider_commands import ARG_VERBOSE as ARG_VERBOSE
from airflow._provider_commands import ARG_YES as ARG_YES
from airflow._provider_commands import ActionCommand as ActionCommand
from airflow._provider_commands import Arg as Arg
from airflow._provider_commands import CLICommand as CLICommand
from airflow._provider_commands import GroupCommand as GroupCommand
from airflow._provider_commands import lazy_load_command as lazy_load_command
from airflow._provider_commands import positive_int as positive_int
