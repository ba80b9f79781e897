# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions._internal.node import AbstractOperator as AbstractOperator
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_OWNER as DEFAULT_OWNER
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_POOL_SLOTS as DEFAULT_POOL_SLOTS
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_PRIORITY_WEIGHT as DEFAULT_PRIORITY_WEIGHT
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_QUEUE as DEFAULT_QUEUE
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_RETRIES as DEFAULT_RETRIES
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_RETRY_DELAY as DEFAULT_RETRY_DELAY
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_TRIGGER_RULE as DEFAULT_TRIGGER_RULE
from airflow.sdk.definitions._internal.abstractoperator import DEFAULT_WEIGHT_RULE as DEFAULT_WEIGHT_RULE
