# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import BaseAuthManager as BaseAuthManager
from airflow._engine_side import COOKIE_NAME_JWT_TOKEN as COOKIE_NAME_JWT_TOKEN
from airflow._engine_side import ExtendedResourceMethod as ExtendedResourceMethod
from airflow._engine_side import ResourceMethod as ResourceMethod
