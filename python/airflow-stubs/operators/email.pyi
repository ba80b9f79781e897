# Written by scripts/stubs.py from the package's own tables.
from airflow._email_operator import *
