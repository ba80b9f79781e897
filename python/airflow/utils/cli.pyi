# Written by scripts/stubs.py from the package's own tables.
from airflow._provider_commands import action_cli as action_cli
from airflow._provider_commands import get_bagged_dag as get_bagged_dag
from airflow._provider_commands import get_dag as get_dag
from airflow._provider_commands import setup_locations as setup_locations
from airflow._provider_commands import suppress_logs_and_warning as suppress_logs_and_warning
