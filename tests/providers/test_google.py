"""Google's provider at work, as it is on PyPI: against an emulator of its storage, and a double of BigQuery."""

from __future__ import annotations

import json

import pytest
from runs import run
from services import Web

ENVIRONMENT = "google"
TABLE = "/bigquery/v2/projects/p/datasets/bikes/tables/stations"


@pytest.fixture(scope="module")
def bigquery():
    """As much of BigQuery's REST API as streaming rows needs."""
    fields = [{"name": "station", "type": "INTEGER"}, {"name": "status", "type": "STRING"}]
    about = {
        "kind": "bigquery#table",
        "tableReference": {"projectId": "p", "datasetId": "bikes", "tableId": "stations"},
        "schema": {"fields": fields},
    }
    server = Web({TABLE: (200, about), f"{TABLE}/insertAll": (200, {"kind": "bigquery#tableDataInsertAllResponse"})})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def world(home, emulator, bigquery):
    """Everything in one process."""
    storage = emulator("-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", "--port=PORT", "--in-memory")
    kept = {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True, "project": "p"}}
    home.env |= {
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(kept),
        "STORAGE_EMULATOR_HOST": storage,
        "BIGQUERY_EMULATOR_HOST": bigquery.url,
    }
    home.standalone()
    return home


def test_gcs(world):
    xcoms = run(
        world,
        "google_bucket",
        """
        from airflow.providers.google.cloud.hooks.gcs import GCSHook
        from airflow.providers.google.cloud.operators.gcs import GCSCreateBucketOperator, GCSListObjectsOperator
        from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
        from airflow.sdk import DAG, task

        with DAG("google_bucket", schedule=None):
            make = GCSCreateBucketOperator(task_id="make", bucket_name="stations", project_id="p")
            wait = GCSObjectExistenceSensor(task_id="wait", bucket="stations", object="a/b.txt", poke_interval=0.1)
            ls = GCSListObjectsOperator(task_id="ls", bucket="stations", prefix="{{ 'a' }}/")

            @task
            def write():
                GCSHook().upload(bucket_name="stations", object_name="a/b.txt", data="hello")

            @task
            def read():
                return GCSHook().download(bucket_name="stations", object_name="a/b.txt").decode()

            make >> write() >> wait >> [ls, read()]
        """,
    )
    assert (xcoms["ls"], xcoms["read"]) == (["a/b.txt"], "hello")


def test_bigquery_insert(world, bigquery):
    run(
        world,
        "streaming",
        """
        from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
        from airflow.sdk import DAG, task

        with DAG("streaming", schedule=None):
            @task
            def insert(run_id=None):
                rows = [{"station": 72, "status": run_id}, {"station": 79, "status": "out"}]
                hook = BigQueryHook(use_legacy_sql=False)
                hook.insert_all(
                    project_id="p", dataset_id="bikes", table_id="stations",
                    rows=rows, fail_on_error=True,
                )

            insert()
        """,
    )
    (sent,) = [json.loads(body) for method, path, _, body in bigquery.requests if "/insertAll" in path]
    assert [row["json"]["station"] for row in sent["rows"]] in ([72, 79], ["72", "79"])
    assert sent["rows"][0]["json"]["status"].startswith("manual__")
