# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import API_ROOT_PATH as API_ROOT_PATH
from airflow._engine_side import AUTH_MANAGER_FASTAPI_APP_PREFIX as AUTH_MANAGER_FASTAPI_APP_PREFIX
from airflow._engine_side import create_auth_manager as create_auth_manager
from airflow._engine_side import get_auth_manager as get_auth_manager
from airflow._engine_side import get_cookie_path as get_cookie_path
