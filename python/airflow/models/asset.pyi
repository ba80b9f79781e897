# Written by scripts/stubs.py from the package's own tables.
from airflow.models.orm import AssetEvent as AssetEvent
from airflow.models.orm import AssetModel as AssetModel
from airflow.sdk.definitions.asset import expand_alias_to_assets as expand_alias_to_assets
