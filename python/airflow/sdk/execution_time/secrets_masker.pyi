# Written by scripts/stubs.py from the package's own tables.
from airflow.utils.log.masker import Redactable as Redactable
from airflow.utils.log.masker import Redacted as Redacted
from airflow.utils.log.masker import SecretsMasker as SecretsMasker
from airflow.utils.log.masker import _secrets_masker as _secrets_masker
from airflow.utils.log.secrets_masker import mask_secret as mask_secret
from airflow.utils.log.secrets_masker import redact as redact
from airflow.utils.log.secrets_masker import should_hide_value_for_key as should_hide_value_for_key
