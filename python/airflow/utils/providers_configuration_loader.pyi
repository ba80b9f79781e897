# Written by scripts/stubs.py from the package's own tables.
from airflow._provider_commands import providers_configuration_loaded as providers_configuration_loaded
