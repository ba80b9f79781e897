"""Provider packages as they are on PyPI, at work: against a PostgreSQL, a web server, an SSH server and a Redis.

Connections come from where people keep them: the environment, the database, a file of the secrets search path.
"""

from __future__ import annotations

import base64
import json
import subprocess

import pytest
from runs import run
from services import Redis, Sshd, Web
from system import ROOT, Home, wait_for

PYTHON = ROOT / ".venv/bin/python"


@pytest.fixture(scope="module")
def web():
    """A web server: `/ready` is there from the third time on."""
    server = Web(
        {
            "/hello": (200, {"hello": "world"}),
            "/echo": lambda method, seen, body: (200, {"method": method, "got": body.decode(), "seen": seen}),
            "/ready": lambda method, seen, body: (200, {"ready": True}) if seen >= 3 else (404, {}),
            "/ready-later": lambda method, seen, body: (200, {"ready": True}) if seen >= 3 else (404, {}),
        }
    )
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    """An SSH server."""
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """A Redis server."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def world(binary, tmp_path_factory, postgres, web, sshd, redis):
    """Everything in one process, with a connection to each server."""
    folder = tmp_path_factory.mktemp("providers")
    home = Home(binary, folder / "home")
    address = postgres.fresh_database()
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps({"cache": {"conn_type": "redis", "host": "127.0.0.1", "port": redis.port}}))
    home.env |= {
        "AIRFLOW_CONN_WEB": json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": web.port, "schema": "http"}),
        "AIRFLOW_CONN_LITE": json.dumps({"conn_type": "sqlite", "host": str(folder / "lite.db")}),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(secrets)}),
    }
    home.standalone()
    server, _, name = address.removeprefix("postgresql+psycopg2://tradewind@").partition("/")
    host, _, port = server.partition(":")
    kept = {"connection_id": "pg", "conn_type": "postgres", "login": "tradewind", "password": "not-asked-for"}
    home.rest("POST", "connections", json={**kept, "host": host, "port": int(port), "schema": name})
    extra = {"key_file": str(sshd.key), "no_host_key_check": True}
    kept = {"connection_id": "machine", "conn_type": "ssh", "host": "127.0.0.1", "port": sshd.port, "login": sshd.user}
    home.rest("POST", "connections", json={**kept, "extra": json.dumps(extra)})
    yield home
    home.stop_all()


def test_http(world, web):
    xcoms = run(
        world,
        "web",
        """
        from airflow.providers.http.operators.http import HttpOperator
        from airflow.providers.http.sensors.http import HttpSensor
        from airflow.sdk import DAG

        with DAG("web", schedule=None):
            web = {"http_conn_id": "web", "method": "GET"}
            HttpOperator(task_id="get", endpoint="hello", response_filter=lambda r: r.json()["hello"], **web)
            HttpOperator(
                task_id="post", http_conn_id="web", endpoint="echo", data="{{ task.task_id }} of {{ dag.dag_id }}",
                response_check=lambda response, ti: ti.task_id == "post", response_filter=lambda r: r.json(),
            )
            HttpOperator(task_id="deferred", endpoint="hello", deferrable=True, **web)
            HttpSensor(task_id="sensor", endpoint="ready", poke_interval=0.1, **web)
            HttpSensor(task_id="deferred_sensor", endpoint="ready-later", poke_interval=0.1, deferrable=True, **web)
        """,
    )
    assert xcoms["get"] == "world"
    assert (xcoms["post"]["method"], xcoms["post"]["got"]) == ("POST", "post of web")
    assert json.loads(xcoms["deferred"]) == {"hello": "world"}
    asked = [path for _, path, _, _ in web.requests]
    assert asked.count("/ready") == 3
    assert asked.count("/ready-later") >= 3


def test_postgres(world):
    xcoms = run(
        world,
        "database",
        """
        from airflow.providers.common.sql.operators.sql import (
            BranchSQLOperator, SQLColumnCheckOperator, SQLExecuteQueryOperator, SQLInsertRowsOperator,
        )
        from airflow.providers.common.sql.sensors.sql import SqlSensor
        from airflow.providers.postgres.hooks.postgres import PostgresHook
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG, task

        with DAG("database", schedule=None, default_args={"conn_id": "pg"}):
            make = SQLExecuteQueryOperator(
                task_id="make",
                sql=["CREATE TABLE stations (id INT PRIMARY KEY, name TEXT)",
                     "INSERT INTO stations VALUES (1, '{{ task.task_id }}'), (2, %(name)s)"],
                parameters={"name": "it's"}, split_statements=False, autocommit=True,
            )
            more = SQLInsertRowsOperator(task_id="more", table_name="stations", rows=[(3, "c"), (4, "d")])
            read = SQLExecuteQueryOperator(task_id="read", sql="SELECT id, name FROM stations ORDER BY id")
            check = SQLColumnCheckOperator(
                task_id="check", table="stations", column_mapping={"id": {"min": {"equal_to": 1}, "unique_check": {"equal_to": 0}}}
            )
            wait = SqlSensor(task_id="wait", sql="SELECT count(*) = 4 FROM stations", poke_interval=0.1)
            branch = BranchSQLOperator(
                task_id="branch", sql="SELECT true", follow_task_ids_if_true="yes", follow_task_ids_if_false="no"
            )

            @task
            def hook():
                hook = PostgresHook(postgres_conn_id="pg")
                assert hook.test_connection() == (True, "Connection successfully tested")
                with hook.get_sqlalchemy_engine().connect() as connection:
                    by_engine = connection.exec_driver_sql("SELECT count(*) FROM stations").scalar()
                return [hook.get_first("SELECT max(id) FROM stations")[0], by_engine, hook.get_uri().split(":")[0]]

            make >> more >> [read, check, wait, branch, hook()]
            branch >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
        """,
    )
    assert xcoms["read"] == [[1, "make"], [2, "it's"], [3, "c"], [4, "d"]]
    assert xcoms["hook"] == [4, 4, "postgresql"]


def test_sqlite(world):
    xcoms = run(
        world,
        "lite",
        """
        from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
        from airflow.providers.sqlite.hooks.sqlite import SqliteHook
        from airflow.sdk import DAG, task

        with DAG("lite", schedule=None):
            @task
            def write(run_id=None):
                hook = SqliteHook("lite")
                hook.run("CREATE TABLE t (x TEXT)")
                hook.insert_rows("t", [(run_id,)], target_fields=["x"])

            write() >> SQLExecuteQueryOperator(
                task_id="read", conn_id="lite", sql="SELECT x = ? FROM t", parameters=["{{ run_id }}"]
            )
        """,
    )
    assert xcoms["read"] == [[1]]


def test_ssh_and_sftp(world, tmp_path):
    (tmp_path / "here.txt").write_text("from here\n")
    xcoms = run(
        world,
        "machine",
        f"""
        from airflow.providers.sftp.operators.sftp import SFTPOperator
        from airflow.providers.sftp.sensors.sftp import SFTPSensor
        from airflow.providers.ssh.hooks.ssh import SSHHook
        from airflow.providers.ssh.operators.ssh import SSHOperator
        from airflow.sdk import DAG, task

        FOLDER = "{tmp_path}"
        with DAG("machine", schedule=None):
            say = SSHOperator(task_id="say", ssh_conn_id="machine", command="printf '%s' '{{{{ run_id }}}}'")
            put = SFTPOperator(task_id="put", ssh_conn_id="machine", local_filepath=f"{{FOLDER}}/here.txt",
                               remote_filepath=f"{{FOLDER}}/new/there.txt", create_intermediate_dirs=True)
            there = SFTPSensor(task_id="there", sftp_conn_id="machine", path=f"{{FOLDER}}/new/there.txt", poke_interval=0.1)
            deferred = SFTPSensor(task_id="deferred", sftp_conn_id="machine", path=f"{{FOLDER}}/new/there.txt",
                                  poke_interval=0.1, deferrable=True)

            @task
            def hook():
                with SSHHook("machine").get_conn() as client:
                    _, out, _ = client.exec_command(f"cat {{FOLDER}}/new/there.txt")
                    return out.read().decode()

            @task.sftp_sensor(sftp_conn_id="machine", path=f"{{FOLDER}}/new/there.txt", poke_interval=0.1)
            def decorated(word, files_found):
                return [word, len(files_found)]

            put >> [there, deferred, hook(), decorated(word="found")]
        """,
        run_id="by_ssh",
    )
    assert base64.b64decode(xcoms["say"]).decode() == "by_ssh"
    assert xcoms["hook"] == "from here\n"
    assert xcoms["decorated"]["decorator_return_value"] == ["found", 1]


def test_redis(world):
    xcoms = run(
        world,
        "cache",
        """
        from airflow.providers.redis.hooks.redis import RedisHook
        from airflow.providers.redis.operators.redis_publish import RedisPublishOperator
        from airflow.providers.redis.sensors.redis_key import RedisKeySensor
        from airflow.sdk import DAG, task

        with DAG("cache", schedule=None):
            @task
            def write(ds_nodash=None):
                RedisHook("cache").get_conn().set("key", "value")

            @task
            def read():
                return RedisHook("cache").get_conn().get("key").decode()

            key = RedisKeySensor(task_id="key", redis_conn_id="cache", key="key", poke_interval=0.1)
            publish = RedisPublishOperator(task_id="publish", redis_conn_id="cache", channel="c", message="{{ run_id }}")
            write() >> key >> [read(), publish]
        """,
    )
    assert xcoms["read"] == "value"


def test_pip_sees_airflow_and_pulls_in_no_other(world):
    """What providers and users' requirements name is installed as far as pip knows."""
    wanted = [
        "apache-airflow>=2.11",
        "apache-airflow==3.3.2",
        "apache-airflow-core>=3.3",
        "apache-airflow-task-sdk>=1.3",
    ]
    pip = [str(PYTHON), "-m", "pip", "install", "--dry-run", "--no-index", "--quiet", "--report", "-"]
    wait_for("the metadata", lambda: list((ROOT / ".venv").glob("lib/*/site-packages/apache_airflow-*.dist-info")))
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["install"] == []
