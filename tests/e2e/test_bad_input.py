"""Bad input ends with one clear message, a non-zero exit and no half-made state."""

from __future__ import annotations

import os
import socket
import sqlite3

import pytest
from postgres import free_port

TABLE = {
    "wrong option value": (
        {"AIRFLOW__CORE__PARALLELISM": "many"},
        ["AIRFLOW__CORE__PARALLELISM", "'many'", "whole number"],
    ),
    "executor that is not there": (
        {"AIRFLOW__CORE__EXECUTOR": "DaskExecutor"},
        ["AIRFLOW__CORE__EXECUTOR", "LocalExecutor", "must be one of"],
    ),
    "secret of a backend": (
        {"AIRFLOW__CORE__FERNET_KEY_SECRET": "x"},
        ["AIRFLOW__CORE__FERNET_KEY_SECRET", "secrets backend"],
    ),
    "address of another database": (
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "mysql://u:p@localhost/x"},
        ["mysql", "PostgreSQL or SQLite"],
    ),
    "unreachable database": (
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql://u:secret@127.0.0.1:{free_port()}/x"},
        ["can't be reached", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"],
    ),
    "missing interpreter": (
        {"AIRFLOW__TRADEWIND__PYTHON": "/nonexistent/python"},
        ["AIRFLOW__TRADEWIND__PYTHON", "/nonexistent/python"],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_standalone_refuses(home, case):
    env, words = TABLE[case]
    done = home.cli("standalone", ok=False, env=env)
    assert done.returncode not in (0, 101), done
    assert done.stderr.startswith("error: "), done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    assert "secret@" not in done.stderr
    made = {p.name for p in home.path.iterdir()} - {"dags", "airflow.cfg", ".tradewind"}
    assert not made, f"left behind: {made}"


def test_a_port_in_use_is_named(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        done = home.cli("standalone", ok=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{home.port}" in done.stderr and "in use" in done.stderr, done.stderr
    assert "AIRFLOW__API__PORT" in done.stderr


def test_an_unwritable_home_is_named(home):
    file = home.path / "a-file"
    file.write_text("")
    done = home.cli("standalone", ok=False, env={"AIRFLOW_HOME": str(file / "home")})
    assert done.returncode == 1
    assert str(file / "home") in done.stderr and "AIRFLOW_HOME" in done.stderr, done.stderr
    if os.geteuid() != 0:
        home.path.chmod(0o500)
        done = home.cli("standalone", ok=False)
        home.path.chmod(0o700)
        assert done.returncode == 1 and str(home.path) in done.stderr


def test_a_newer_database_is_left_alone(home):
    home.cli("db", "migrate")
    database = home.path / "airflow.db"
    with sqlite3.connect(database) as db:
        db.execute("INSERT INTO schema_migration VALUES (999, 'from the future', 'x', 0)")
    for command in (["standalone"], ["db", "migrate"], ["variables", "list"]):
        done = home.cli(*command, ok=False)
        assert done.returncode == 1
        assert "newer" in done.stderr and "999" in done.stderr, done.stderr


def test_something_that_is_no_database_is_left_alone(home):
    database = home.path / "airflow.db"
    database.write_text("this is a letter to my aunt, not a database. " * 50)
    done = home.cli("standalone", ok=False)
    assert done.returncode == 1
    assert str(database) in done.stderr, done.stderr
    assert database.read_text().startswith("this is a letter")


def test_a_second_one_on_the_same_home_is_refused(home):
    home.standalone()
    done = home.cli("standalone", ok=False, env={"AIRFLOW__API__PORT": str(free_port())})
    assert done.returncode == 1
    assert "in use" in done.stderr, done.stderr
