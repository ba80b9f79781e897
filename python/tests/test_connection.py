"""Connections and variables: every form that they are written in, and where they come from."""

from __future__ import annotations

import json

import pytest
from airflow.hooks.base import BaseHook

from airflow.exceptions import AirflowException, AirflowNotFoundException
from airflow.models import Connection, Variable


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        (
            "postgresql://user:p%40ss@host.example:5432/db?sslmode=require",
            ("postgres", "user", "p@ss", "host.example", 5432, "db", {"sslmode": "require"}),
        ),
        ("my-type://host", ("my_type", None, None, "host", None, None, {})),
        ("fs:///?path=%2Fdata", ("fs", None, None, None, None, None, {"path": "/data"})),
        ("http://https%3A%2F%2Fexample.com", ("http", None, None, "https://example.com", None, None, {})),
        ("http://https://example.com:8443/x", ("http", None, None, "https://example.com", 8443, "x", {})),
        ("aws://key:sec%2Fret@/?region_name=eu", ("aws", "key", "sec/ret", None, None, None, {"region_name": "eu"})),
        ("x://:secret@host/a%2Fb", ("x", "", "secret", "host", None, "a/b", {})),
        ("x://?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D", ("x", None, None, None, None, None, {"a": {"b": 1}})),
        ("x://", ("x", None, None, None, None, None, {})),
    ],
)
def test_uris(uri, parts):
    conn = Connection(conn_id="c", uri=uri)
    found = (conn.conn_type, conn.login, conn.password, conn.host, conn.port, conn.schema, conn.extra_dejson)
    assert found == parts
    again = Connection(conn_id="c", uri=conn.get_uri())
    assert (again.conn_type, again.login, again.password, again.host, again.port, again.schema) == parts[:6]
    assert again.extra_dejson == parts[6]


def test_json_and_parts():
    text = json.dumps({"conn_type": "my-type", "host": "h", "port": "80", "extra": {"k": [1]}, "ignored": 1})
    conn = Connection.from_json(text, "c")
    assert (conn.conn_type, conn.port, conn.extra_dejson) == ("my_type", 80, {"k": [1]})
    assert json.loads(conn.as_json()) == {"conn_type": "my_type", "host": "h", "port": 80, "extra": {"k": [1]}}
    with pytest.raises(AirflowException, match="from a URI or from its parts"):
        Connection(uri="x://", host="h")
    with pytest.raises(AirflowException, match="its JSON can't be read"):
        Connection.from_json("{", "c")


def test_environment(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_MY_DB", "mysql://root@db/x")
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", '{"conn_type": "http", "host": "h"}')
    assert BaseHook.get_connection("my_db").host == "db"
    assert BaseHook.get_connections("other")[0].conn_type == "http"
    with pytest.raises(AirflowNotFoundException, match="The conn_id `nope` isn't defined"):
        BaseHook.get_connection("nope")
    monkeypatch.setenv("AIRFLOW_VAR_DATA", '{"a": 1}')
    assert Variable.get("data") == '{"a": 1}'
    assert Variable.get("data", deserialize_json=True) == {"a": 1}
    assert Variable.get("nope", None) is None
    assert Variable.get("nope", default_var=3) == 3
    assert Variable.get("nope", default=4) == 4
    with pytest.raises(KeyError, match="Variable nope does not exist"):
        Variable.get("nope")
