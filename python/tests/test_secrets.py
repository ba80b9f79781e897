"""Where variables, connections and options come from, and what of them may not be seen."""

from __future__ import annotations

import json
import textwrap

import pytest
from driver import Host, workload

from airflow.configuration import AirflowConfigParser
from airflow.exceptions import AirflowConfigException, AirflowException, AirflowNotFoundException
from airflow.models import Connection, Variable
from airflow.secrets.local_filesystem import LocalFilesystemBackend, load_connections_dict, load_variables

LOCAL = "airflow.secrets.local_filesystem.LocalFilesystemBackend"


class Backend(LocalFilesystemBackend):
    """Has one option."""

    def get_config(self, key):
        if key == "broken":
            raise OSError("no way to the vault")
        return {"vault/key": "from the vault"}.get(key)


@pytest.fixture
def backend(tmp_path, monkeypatch):
    (tmp_path / "v.json").write_text(json.dumps({"both": "file", "object": {"b": 1, "a": 2}}))
    (tmp_path / "c.env").write_text("# mine\n\nmy_db=postgres://u:p%40ss@h:5432/db?sslmode=require\n")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", f"{__name__}.Backend")
    kwargs = {"variables_file_path": str(tmp_path / "v.json"), "connections_file_path": str(tmp_path / "c.env")}
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", json.dumps(kwargs))


def test_the_backend_is_asked_first_then_the_environment(backend, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_BOTH", "environment")
    monkeypatch.setenv("AIRFLOW_VAR_ONLY", "environment")
    assert Variable.get("both") == "file"
    assert Variable.get("only") == "environment"
    assert Variable.get("object", deserialize_json=True) == {"b": 1, "a": 2}
    found = Connection.get("my_db")
    assert (found.host, found.password, found.extra_dejson) == ("h", "p@ss", {"sslmode": "require"})
    with pytest.raises(AirflowNotFoundException):
        Connection.get("other")


def test_options_may_be_secrets(backend, monkeypatch):
    monkeypatch.setenv("AIRFLOW__MY__KEY_SECRET", "vault/key")
    monkeypatch.setenv("AIRFLOW__MY__OTHER_SECRET", "vault/other")
    monkeypatch.setenv("AIRFLOW__MY__BROKEN_SECRET", "broken")
    conf = AirflowConfigParser()
    assert conf.get("my", "key") == "from the vault"
    assert conf.get("my", "other", fallback="none") == "none"
    with pytest.raises(AirflowConfigException, match="secrets backend can't give: no way to the vault"):
        conf.get("my", "broken")
    monkeypatch.delenv("AIRFLOW__SECRETS__BACKEND_KWARGS")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS_SECRET", "x")
    with pytest.raises(AirflowConfigException, match="it can't be a secret itself"):
        conf.get("secrets", "backend_kwargs")


def test_a_backend_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "nowhere.Backend")
    with pytest.raises(AirflowConfigException, match=r"nowhere\.Backend.*install its provider package"):
        Variable.get("x")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", LOCAL)
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", "[1]")
    with pytest.raises(AirflowConfigException, match="backend_kwargs is not a JSON object"):
        Variable.get("x")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.env", "x\n", "KEY=value"),
        ("a.env", "x=1\nx=2\n", "multiple values"),
        ("a.json", "{", "Line number: 1"),
        ("a.json", "[]", "should contain the object"),
        ("a.ini", "x=1", "Unsupported file format"),
        ("none.json", None, "was not found"),
    ],
)
def test_files_that_can_not_be_read(tmp_path, name, text, problem):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(AirflowException, match=problem):
        load_variables(str(path))


def test_connections_of_a_file(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"a": {"conn_type": "http", "host": "h", "extra_dejson": {"k": 1}}, "b": ["ftp://x"]}))
    found = load_connections_dict(str(path))
    assert (found["a"].extra_dejson, found["b"].conn_type) == ({"k": 1}, "ftp")
    path.write_text(json.dumps({"a": {"nonsense": 1}}))
    with pytest.raises(AirflowException, match="illegal keys: nonsense"):
        load_connections_dict(str(path))


def test_secrets_of_a_running_task_are_told_to_the_log(tmp_path, dag_file):
    path = dag_file(
        textwrap.dedent(
            """
            from airflow.sdk import DAG, BaseHook, Variable
            from airflow.sdk.log import mask_secret
            from airflow.providers.standard.operators.python import PythonOperator
            def f(token, plain):
                BaseHook.get_connection("db")
                Variable.get("my_secret")
                Variable.get("harmless")
                mask_secret("known only now")
                mask_secret({"password": "within a dict", "user": "somebody"})
                print(token)
            with DAG("d", schedule=None):
                PythonOperator(task_id="t", python_callable=f,
                               op_kwargs={"token": "{{ var.value.my_secret }}", "plain": "{{ conn.db.password }}!"})
            """
        )
    )
    host = Host(
        AIRFLOW_CONN_DB='{"conn_type": "x", "password": "pa ss/word", "extra": {"api_key": "k-123456", "a": "bcdefg"}}',
        AIRFLOW_VAR_MY_SECRET="variable's value",
        AIRFLOW_VAR_HARMLESS="nothing to hide",
    )
    try:
        child = host.fork().run(workload(path, "d", "t"))
        assert child.done["state"] == "success", child.events
        masks = {text for message in child.of_type("mask") for text in message["values"]}
        told = {"pa ss/word", "pa%20ss%2Fword", "k-123456", "variable's value", "known only now", "within a dict"}
        assert told <= masks
        assert not masks & {"bcdefg", "nothing to hide", "somebody"}
        (rendered,) = child.of_type("rendered")
        assert rendered["fields"] == {"op_kwargs": {"token": "***", "plain": "***!"}}
    finally:
        host.close()
