"""Amazon's provider at work, as it is on PyPI: against moto on loopback."""

from __future__ import annotations

import json

import pytest
from runs import run

ENVIRONMENT = "amazon"


@pytest.fixture(scope="module")
def world(home, emulator):
    """Everything in one process."""
    s3 = emulator("-m", "moto.server", "-H", "127.0.0.1", "-p", "PORT")
    extra = {"endpoint_url": s3, "region_name": "us-east-1"}
    kept = {"conn_type": "aws", "login": "a", "password": "b", "extra": extra}
    home.env["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps(kept)
    home.standalone()
    return home


def test_s3(world):
    xcoms = run(
        world,
        "bucket",
        """
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook
        from airflow.providers.amazon.aws.operators.s3 import (
            S3CopyObjectOperator, S3CreateBucketOperator, S3CreateObjectOperator, S3ListOperator,
        )
        from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
        from airflow.sdk import DAG, ObjectStoragePath, task

        with DAG("bucket", schedule=None):
            make = S3CreateBucketOperator(task_id="make", bucket_name="stations")
            write = S3CreateObjectOperator(
                task_id="write", s3_bucket="stations", s3_key="{{ dag.dag_id }}/a.txt", data="of {{ task.task_id }}"
            )
            key = {"bucket_key": "s3://stations/bucket/a.txt", "poke_interval": 0.1}
            wait = S3KeySensor(task_id="wait", **key)
            deferred = S3KeySensor(task_id="deferred", deferrable=True, **key)
            copy = S3CopyObjectOperator(
                task_id="copy", source_bucket_key="s3://stations/bucket/a.txt", dest_bucket_key="s3://stations/bucket/b.txt"
            )
            ls = S3ListOperator(task_id="ls", bucket="stations", prefix="bucket/")

            @task
            def hook():
                return S3Hook().read_key("bucket/b.txt", "stations")

            @task
            def path():
                place = ObjectStoragePath("s3://aws_default@stations/bucket/")
                (place / "c.txt").write_text("by path")
                return (place / "c.txt").read_text()

            make >> write >> [wait, deferred] >> copy >> [ls, hook()]
            make >> path()
        """,
    )
    assert sorted(xcoms["ls"])[:2] == ["bucket/a.txt", "bucket/b.txt"]
    assert (xcoms["hook"], xcoms["path"]) == ("of write", "by path")


def test_sqs_and_athena_deferred(world):
    xcoms = run(
        world,
        "queue",
        """
        from airflow.providers.amazon.aws.hooks.sqs import SqsHook
        from airflow.providers.amazon.aws.operators.athena import AthenaOperator
        from airflow.providers.amazon.aws.sensors.sqs import SqsSensor
        from airflow.sdk import DAG, task

        with DAG("queue", schedule=None) as dag:
            @task
            def make():
                return SqsHook().create_queue("arrivals")["QueueUrl"]

            @task
            def send(url):
                SqsHook().send_message(url, "bike 7")

            @task
            def got(ti):
                return ti.xcom_pull(task_ids="wait", key="messages")

            url = make()
            wait = SqsSensor(task_id="wait", sqs_queue=url, deferrable=True, poke_interval=0.2, wait_time_seconds=0)
            wait >> got()
            send(url)
            AthenaOperator(
                task_id="query", query="SELECT 1", database="bikes", output_location="s3://stations/out",
                deferrable=True, sleep_time=1,
            )
        """,
    )
    assert xcoms["query"]
    (message,) = xcoms["got"]
    assert message["Body"] == "bike 7"
