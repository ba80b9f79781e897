"""What installed provider packages add: decorators, options, filesystems, hooks."""

from __future__ import annotations

import importlib

import pytest

from airflow import _provider_infos, _provider_options
from airflow.configuration import AirflowConfigParser
from airflow.exceptions import AirflowException
from airflow.models import Connection
from airflow.sdk import DAG, ObjectStoragePath, task
from airflow.sdk.io import fs

PACKAGE = """
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.bases.hook import BaseHook
from airflow.providers.standard.operators.python import PythonOperator

schemes = ["mine"]

def get_fs(conn_id, storage_options=None):
    class Files:
        protocol = "mine"
        def exists(self, path):
            return (path, conn_id, storage_options) == ("bucket/x", "login", {"fast": True})
    return Files()

class MyHook(BaseHook):
    conn_name_attr = "my_conn_id"
    def __init__(self, my_conn_id, more=None):
        self.given = (my_conn_id, more)

class Loud(DecoratedOperator, PythonOperator):
    custom_operator_name = "@task.loud"
    template_fields = ("op_args", "op_kwargs")
    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, **kwargs):
        upstream = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=upstream, **upstream, **kwargs)
    def execute(self, context):
        return super().execute(context).upper()

def loud_task(python_callable=None, **kwargs):
    return task_decorator_factory(python_callable, decorated_operator_class=Loud, **kwargs)

def info():
    return {
        "task-decorators": [{"name": "loud", "class-name": "tiny_provider.loud_task"}],
        "filesystems": ["tiny_provider"],
        "connection-types": [{"connection-type": "mine", "hook-class-name": "tiny_provider.MyHook"}],
        "config": {"mine": {"options": {"answer": {"default": "42"}, "none": {"default": None}}}},
    }
"""


@pytest.fixture
def provider(tmp_path, monkeypatch):
    (tmp_path / "tiny_provider.py").write_text(PACKAGE)
    about = tmp_path / "tiny_provider-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-provider\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[apache_airflow_provider]\nprovider_info = tiny_provider:info\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    caches = (_provider_infos.infos, _provider_options.options, fs._of_providers)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_a_provider_adds_what_its_info_says(provider):
    with DAG("d", schedule=None) as dag:

        @task.loud
        def hello(name):
            return f"hello {name}"

        hello("you")
    assert dag.test().xcoms["hello", -1, "return_value"] == "HELLO YOU"
    conf = AirflowConfigParser()
    assert conf.getint("mine", "answer") == 42
    assert conf.getsection("mine") == {"answer": 42, "none": None}
    assert ObjectStoragePath("mine://login@bucket/x", fast=True).exists()
    hook = Connection(conn_id="c", conn_type="mine").get_hook(hook_params={"more": 1})
    assert hook.given == ("c", 1)


def test_without_it_the_names_are_missing():
    with pytest.raises(AttributeError, match=r"no @task\.nonsense: no installed provider package offers it"):
        task.nonsense  # noqa: B018
    with pytest.raises(AirflowException, match="has a hook for connections of type 'nonsense'"):
        Connection(conn_id="c", conn_type="nonsense").get_hook()
