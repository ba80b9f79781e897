# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import ExtraMenuItem as ExtraMenuItem
from airflow._engine_side import MenuItem as MenuItem
