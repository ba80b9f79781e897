"""Fixtures: a root host for the whole run, DAG files in a fresh folder."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driver import Conversation, Host

os.environ["AIRFLOW_HOME"] = "/nonexistent/tradewind-tests"
for name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_"))]:
    del os.environ[name]


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A root host; each test gets children of it."""
    root = Host()
    yield root
    assert root.close() == 0


@pytest.fixture(autouse=True)
def _close_children() -> Iterator[None]:
    """Leave no socket open after a test."""
    yield
    Conversation.close_all()


@pytest.fixture
def dag_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a DAG file."""

    def write(text: str, name: str = "dag_file.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    return write
