"""``executor_config`` becomes plain JSON when a file is parsed."""

from __future__ import annotations

import datetime as dt

import pytest

from airflow._serialize.dag import serialize_dag
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import SerializationError


class Model:
    """As generated clients make them: Python's names, and which of Kubernetes' they stand for."""

    openapi_types: dict[str, str] = {}
    attribute_map: dict[str, str] = {}

    def __init__(self, **fields):
        for name in self.attribute_map:
            setattr(self, name, fields.get(name))


class Container(Model):
    attribute_map = {"name": "name", "image_pull_policy": "imagePullPolicy", "env": "env", "tty": "tty"}


class Spec(Model):
    attribute_map = {"containers": "containers", "node_selector": "nodeSelector"}


class Pod(Model):
    attribute_map = {"metadata": "metadata", "spec": "spec"}


def config_of(config):
    with DAG("d", schedule=None) as dag:
        BaseOperator(task_id="t", executor_config=config)
    return serialize_dag(dag)["tasks"][0].get("executor_config")


def test_objects_become_what_kubernetes_reads():
    pod = Pod(
        metadata={"annotations": {"at": dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)}},
        spec=Spec(containers=[Container(name="base", image_pull_policy="Always", tty=False)], node_selector={"a": "b"}),
    )
    assert config_of({"pod_override": pod, "pod_template_file": "/t.yaml"}) == {
        "pod_override": {
            "metadata": {"annotations": {"at": "2026-01-01T00:00:00Z"}},
            "spec": {
                "containers": [{"name": "base", "imagePullPolicy": "Always", "tty": False}],
                "nodeSelector": {"a": "b"},
            },
        },
        "pod_template_file": "/t.yaml",
    }


def test_dictionaries_of_airflow_1_stay():
    config = {"KubernetesExecutor": {"image": "i", "volumes": [{"name": "v"}], "limit_cpu": 2}}
    assert config_of(config) == config


def test_nothing_is_left_out():
    assert config_of(None) is None
    assert config_of({}) is None


def test_mapped_tasks_have_theirs():
    with DAG("d", schedule=None) as dag:
        Mapped.partial(task_id="t", executor_config={"pod_override": Pod(metadata={"labels": {}})}).expand(x=[1, 2])
    assert serialize_dag(dag)["tasks"][0]["executor_config"] == {"pod_override": {"metadata": {"labels": {}}}}


class Mapped(BaseOperator):
    def __init__(self, x, **kwargs):
        super().__init__(**kwargs)


def test_a_pod_alone_is_refused_with_what_to_write():
    with pytest.raises(SerializationError, match="pod_override"):
        config_of(Pod())
