"""For tests of large provider packages, which `make parity` runs in the environment that it made for them."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from postgres import free_port  # noqa: E402
from services import listening  # noqa: E402
from system import Home, wait_for  # noqa: E402


@pytest.fixture(scope="module")
def python(request) -> pathlib.Path:
    """The interpreter of the environment that the module names in ``ENVIRONMENT``."""
    name = request.module.ENVIRONMENT
    chosen = os.environ.get(f"PROVIDERS_{name.upper()}") or ROOT / f"target/parity/providers-{name}/venv/bin/python"
    assert os.access(chosen, os.X_OK), f"{chosen} is not there: `make parity SECTIONS=providers` makes it"
    return pathlib.Path(chosen)


@pytest.fixture(scope="session")
def binary() -> pathlib.Path:
    """The binary under test: TRADEWIND_BIN, else the debug build."""
    found = pathlib.Path(os.environ.get("TRADEWIND_BIN") or ROOT / "target/debug/tradewind")
    assert found.is_file(), f"{found} is not there: run `cargo build --bin tradewind` first"
    return found.resolve()


@pytest.fixture(scope="module")
def emulator(python, tmp_path_factory):
    """Starts emulators of that environment: a command that gets a port; answers the address."""
    started = []

    def start(*command: str) -> str:
        port = free_port()
        folder = tmp_path_factory.mktemp("emulator")
        args = [arg.replace("PORT", str(port)) for arg in command]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [str(python), *args], cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        started.append(process)

        def ready():
            assert process.poll() is None, (folder / "log").read_text()[-3000:]
            return listening(port)

        wait_for(args[1], ready, timeout=60)
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(10)


@pytest.fixture(scope="module")
def home(binary, python, tmp_path_factory):
    """An AIRFLOW_HOME whose DAG files and tasks run in that environment; the test starts it."""
    home = Home(binary, tmp_path_factory.mktemp("clouds") / "home")
    home.env["AIRFLOW__TRADEWIND__PYTHON"] = str(python)
    yield home
    home.stop_all()
