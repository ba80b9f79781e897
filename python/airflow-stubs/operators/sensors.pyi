# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.bases.sensor import BaseSensorOperator as BaseSensorOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor as ExternalTaskSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor as TimeDeltaSensor
from airflow.providers.standard.sensors.time import TimeSensor as TimeSensor
