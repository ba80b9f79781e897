"""Fixtures of the whole-system tests: the real binary, real homes, a real PostgreSQL."""

from __future__ import annotations

import os
import pathlib

import pytest
from crowd import REPORT
from postgres import Postgres
from system import ROOT, Home

#: What takes minutes and cuts networks is for `make celery-faults`.
collect_ignore = [] if os.environ.get("TASKS") else ["faults"]


@pytest.fixture(scope="session")
def binary() -> pathlib.Path:
    """The binary under test: TRADEWIND_BIN, else the debug build."""
    found = pathlib.Path(os.environ.get("TRADEWIND_BIN") or ROOT / "target/debug/tradewind")
    assert found.is_file(), f"{found} is not there: run `cargo build --bin tradewind` first"
    return found.resolve()


@pytest.fixture
def home(binary, tmp_path):
    """An empty AIRFLOW_HOME on SQLite; everything started in it ends with the test."""
    home = Home(binary, tmp_path / "home")
    yield home
    home.stop_all()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL server of this test run's own."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture
def pg_home(binary, tmp_path, postgres):
    """A home whose database is a fresh one on PostgreSQL."""
    home = Home(binary, tmp_path / "home")
    home.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = postgres.fresh_database()
    yield home
    home.stop_all()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of what each process printed."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for name in ("home", "pg_home"):
            if name in item.funcargs:
                for title, text in item.funcargs[name].outputs():
                    report.sections.append((title, text[-6000:]))


def pytest_terminal_summary(terminalreporter):
    """With 500 tasks: what each fault did."""
    if REPORT and os.environ.get("TASKS"):
        terminalreporter.section("faults")
        for line in REPORT:
            terminalreporter.line(line)
