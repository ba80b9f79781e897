"""A plugin in the manner of Airflow 1.10: a BigQuery hook that streams rows, importable from ``airflow.hooks``."""

import json

import requests
from airflow.exceptions import AirflowException
from airflow.hooks.base_hook import BaseHook
from airflow.plugins_manager import AirflowPlugin

SCOPE = "https://www.googleapis.com/auth/bigquery"


class BigQueryHook(BaseHook):
    """Speaks BigQuery's REST API with what the connection says.

    ``host`` is where it is (Google's own address unless it is given), ``project`` in the extras whose it is, and
    ``key_path`` in the extras the key file of a service account; without one, no credentials are sent.
    """

    def __init__(self, bigquery_conn_id="google_cloud_default"):
        self.connection = self.get_connection(bigquery_conn_id)
        extra = self.connection.extra_dejson
        self.project = extra.get("project") or extra.get("extra__google_cloud_platform__project")
        self.key_path = extra.get("key_path") or extra.get("extra__google_cloud_platform__key_path")
        if not self.project:
            raise AirflowException(f"connection {bigquery_conn_id!r} has no project in its extras")
        host = self.connection.host or "https://bigquery.googleapis.com"
        self.url = f"{host.rstrip('/')}/bigquery/v2/projects/{self.project}"

    def get_conn(self):
        """A session with the service account's credentials."""
        if not self.key_path:
            return requests.Session()
        from google.auth.transport.requests import AuthorizedSession
        from google.oauth2 import service_account

        credentials = service_account.Credentials.from_service_account_file(self.key_path, scopes=[SCOPE])
        return AuthorizedSession(credentials)

    def create_table(self, dataset, table, fields):
        """Make a table unless it is there. ``fields`` is a dict of names and types."""
        schema = [{"name": name, "type": kind} for name, kind in fields.items()]
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": table}
        body = {"tableReference": reference, "schema": {"fields": schema}}
        answer = self.get_conn().post(f"{self.url}/datasets/{dataset}/tables", json=body, timeout=30)
        if answer.status_code != 409:  # 409: it is there
            answer.raise_for_status()

    def stream(self, dataset, table, rows, insert_id):
        """Insert rows at once. ``insert_id(row)`` names a row, so that one that is sent twice counts once."""
        body = {"rows": [{"insertId": insert_id(row), "json": row} for row in rows]}
        url = f"{self.url}/datasets/{dataset}/tables/{table}/insertAll"
        answer = self.get_conn().post(url, json=body, timeout=30)
        answer.raise_for_status()
        errors = answer.json().get("insertErrors")
        if errors:
            raise AirflowException(f"BigQuery refused {len(errors)} rows, the first with {json.dumps(errors[0])}")
        self.log.info("Streamed %s rows into %s.%s", len(rows), dataset, table)


class BigQueryStreamingPlugin(AirflowPlugin):
    """Puts the hook where DAG files of Airflow 1.10 expect it."""

    name = "bigquery_streaming"
    hooks = [BigQueryHook]
