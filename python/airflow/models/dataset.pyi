# Written by scripts/stubs.py from the package's own tables.
from airflow.models.orm import AssetAliasModel as DatasetAliasModel
from airflow.models.orm import AssetEvent as DatasetEvent
from airflow.models.orm import AssetModel as DatasetModel
