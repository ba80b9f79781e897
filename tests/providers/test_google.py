"""Google's provider at work, as it is on PyPI: against an emulator of its storage, and a double of BigQuery."""

from __future__ import annotations

import json

import pytest
from runs import run
from services import Web

ENVIRONMENT = "google"
TABLE = "/bigquery/v2/projects/p/datasets/bikes/tables/stations"


JOBS = "/bigquery/v2/projects/p/jobs"


class Answers(dict):
    """Answers by path; those of a job, whose id is made up by the operator, by where it lies."""

    def get(self, path, default=None):
        return job if path == JOBS or path.startswith(JOBS + "/") else super().get(path, default)


def job(method, seen, body):
    """A query job: it runs when it is made and asked for the first times, and then it is done."""
    if method == "POST":
        Answers.job = json.loads(body)
    done = method == "GET" and seen > 2
    status = {"state": "DONE" if done else "RUNNING"}
    return 200, {"kind": "bigquery#job", "etag": "e", "statistics": {}, **Answers.job, "status": status}


@pytest.fixture(scope="module")
def bigquery():
    """As much of BigQuery's REST API as streaming rows needs."""
    fields = [{"name": "station", "type": "INTEGER"}, {"name": "status", "type": "STRING"}]
    about = {
        "kind": "bigquery#table",
        "tableReference": {"projectId": "p", "datasetId": "bikes", "tableId": "stations"},
        "schema": {"fields": fields},
    }
    inserted = {"kind": "bigquery#tableDataInsertAllResponse"}
    server = Web(Answers({TABLE: (200, about), f"{TABLE}/insertAll": (200, inserted)}))
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

        with DAG("google_bucket", schedule=None) as dag:
            make = GCSCreateBucketOperator(task_id="make", bucket_name="stations", project_id="p")
            there = {"bucket": "stations", "object": "a/b.txt", "poke_interval": 0.1}
            wait = GCSObjectExistenceSensor(task_id="wait", **there)
            deferred = GCSObjectExistenceSensor(task_id="deferred", deferrable=True, **there)
            ls = GCSListObjectsOperator(task_id="ls", bucket="stations", prefix="{{ 'a' }}/")

            @task
            def write():
                GCSHook().upload(bucket_name="stations", object_name="a/b.txt", data="hello")

            @task
            def read():
                return GCSHook().download(bucket_name="stations", object_name="a/b.txt").decode()

            make >> [write(), deferred]
            write_done = dag.get_task("write")
            write_done >> wait >> [ls, read()]
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


def test_bigquery_job_deferred(world, bigquery):
    xcoms = run(
        world,
        "job",
        """
        from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
        from airflow.sdk import DAG

        with DAG("job", schedule=None):
            BigQueryInsertJobOperator(
                task_id="query", project_id="p", deferrable=True, poll_interval=0.2,
                configuration={"query": {"query": "SELECT '{{ task.task_id }}'", "useLegacySql": False}},
            )
        """,
    )
    assert Answers.job["configuration"]["query"]["query"] == "SELECT 'query'"
    looks = [path for method, path, _, _ in bigquery.requests if method == "GET" and path.startswith(JOBS + "/")]
    assert len(looks) >= 3 and xcoms["query"] in looks[0]
