# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions.asset import BaseAsset as BaseDataset
from airflow.sdk.definitions.asset import BaseAsset as BaseDatasetEventInput
from airflow.sdk.definitions.asset import Dataset as Dataset
from airflow.sdk.definitions.asset import DatasetAlias as DatasetAlias
from airflow.sdk.definitions.asset import DatasetAll as DatasetAll
from airflow.sdk.definitions.asset import DatasetAny as DatasetAny
from airflow.sdk.definitions.asset import _get_normalized_scheme as _get_normalized_scheme
from airflow.sdk.definitions.asset import expand_alias_to_assets as expand_alias_to_datasets
