"""Streams the status of a city's bicycle stations into BigQuery, every five minutes; written for Airflow 1.10."""

from datetime import datetime, timedelta

import requests
from airflow import DAG
from airflow.hooks import BigQueryHook
from airflow.models import Variable
from airflow.operators.python_operator import PythonOperator

DATASET, TABLE = "bikes", "station_status"
FIELDS = {
    "station_id": "STRING",
    "num_bikes_available": "INTEGER",
    "num_docks_available": "INTEGER",
    "is_renting": "BOOLEAN",
    "last_reported": "TIMESTAMP",
}

default_args = {
    "owner": "bikes",
    "depends_on_past": False,
    "start_date": datetime(2018, 2, 1),
    "retries": 3,
    "retry_delay": timedelta(seconds=5),
}

dag = DAG(
    "station_status",
    default_args=default_args,
    description="Station status rows, streamed",
    schedule_interval="*/5 * * * *",
    catchup=False,
    max_active_runs=1,
)


def create_table():
    BigQueryHook().create_table(DATASET, TABLE, FIELDS)


def stream_status(**context):
    feed = Variable.get("station_status_feed", "https://gbfs.citibikenyc.com/gbfs/en/station_status.json")
    answer = requests.get(feed, timeout=30)
    answer.raise_for_status()
    rows = [
        {
            "station_id": station["station_id"],
            "num_bikes_available": station["num_bikes_available"],
            "num_docks_available": station["num_docks_available"],
            "is_renting": bool(station["is_renting"]),
            "last_reported": station["last_reported"],
        }
        for station in answer.json()["data"]["stations"]
    ]
    BigQueryHook().stream(DATASET, TABLE, rows, lambda row: f"{row['station_id']}@{row['last_reported']}")
    print(f"run of {context['execution_date']}: {len(rows)} stations")
    return len(rows)


table = PythonOperator(task_id="create_table", python_callable=create_table, dag=dag)
stream = PythonOperator(task_id="stream_status", python_callable=stream_status, provide_context=True, dag=dag)
table >> stream
