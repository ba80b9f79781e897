# Written by scripts/stubs.py from the package's own tables.
from airflow.utils.log.secrets_masker import mask_secret as mask_secret
from airflow.utils.log.secrets_masker import redact as redact
