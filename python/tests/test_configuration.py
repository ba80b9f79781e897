"""The configuration as DAG files read it."""

from __future__ import annotations

import pytest

from airflow.configuration import AirflowConfigParser
from airflow.exceptions import AirflowConfigException


@pytest.fixture
def conf(tmp_path, monkeypatch):
    (tmp_path / "airflow.cfg").write_text(
        "[core]\nparallelism = 7\ndag_concurrency = 3\n[mine]\nurl = 50%%\nlist = a, b\nflag = yes # really\n"
        "number = x\nsecret_cmd = printf hidden\nhome = $AIRFLOW_HOME/x\n"
    )
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return AirflowConfigParser()


def test_environment_over_file_over_default(conf, monkeypatch, tmp_path):
    assert conf.getint("core", "parallelism") == 7
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "9")
    assert conf.getint("core", "parallelism") == 9
    assert conf.get("core", "default_timezone") == "utc"
    assert conf.get("core", "dags_folder") == f"{tmp_path}/dags"
    monkeypatch.setenv("AIRFLOW__MINE__KEY_CMD", "echo from command")
    assert conf.get("mine", "key") == "from command"
    assert conf.get("mine", "secret") == "hidden"
    assert conf.get("mine", "home") == f"{tmp_path}/x"


def test_old_names(conf, monkeypatch):
    assert conf.getint("core", "max_active_tasks_per_dag") == 3
    monkeypatch.setenv("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "sqlite:////x.db")
    assert conf.get("database", "sql_alchemy_conn") == "sqlite:////x.db"
    assert conf.get("core", "sql_alchemy_conn") == "sqlite:////x.db"


def test_kinds(conf):
    assert conf.get("mine", "url") == "50%"
    assert conf.getlist("mine", "list") == ["a", "b"]
    assert conf.getboolean("mine", "flag") is True
    with pytest.raises(AirflowConfigException, match=r"\[mine\] number is 'x', which is not a whole number"):
        conf.getint("mine", "number")
    with pytest.raises(AirflowConfigException, match=r"there is no option \[mine\] nope"):
        conf.get("mine", "nope")
    assert conf.get("mine", "nope", fallback=None) is None
    assert conf.getboolean("mine", "nope", fallback=False) is False
    assert conf.getsection("nope") is None
    assert conf.getsection("mine")["secret"] == "hidden"
    conf.set("mine", "nope", "1")
    assert conf.has_option("mine", "nope")


def test_principals_of_kerberos():
    from airflow.security import utils

    assert utils.get_components("hive/_HOST@REALM") == ["hive", "_HOST", "REALM"]
    assert utils.get_components(None) is None
    assert utils.replace_hostname_pattern(["hive", "_HOST", "REALM"], "Node.Example") == "hive/node.example@REALM"
    assert utils.principal_from_username("me", "REALM") == "me@REALM"
    assert utils.principal_from_username("me@OTHER", "REALM") == "me@OTHER"
    assert utils.get_fqdn("no.such.host.invalid") == "no.such.host.invalid"
