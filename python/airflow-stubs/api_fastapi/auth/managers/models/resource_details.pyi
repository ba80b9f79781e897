# Written by scripts/stubs.py from the package's own tables.
from airflow._engine_side import AccessView as AccessView
from airflow._engine_side import AssetAliasDetails as AssetAliasDetails
from airflow._engine_side import AssetDetails as AssetDetails
from airflow._engine_side import BackfillDetails as BackfillDetails
from airflow._engine_side import ConfigurationDetails as ConfigurationDetails
from airflow._engine_side import ConnectionDetails as ConnectionDetails
from airflow._engine_side import DagAccessEntity as DagAccessEntity
from airflow._engine_side import DagDetails as DagDetails
from airflow._engine_side import PoolDetails as PoolDetails
from airflow._engine_side import TeamDetails as TeamDetails
from airflow._engine_side import VariableDetails as VariableDetails
