"""schemathesis asks a running server what its own document and Airflow's allow, and holds every answer to them.

Few examples with a fixed seed here; TRADEWIND_SCHEMATHESIS_EXAMPLES asks more of each operation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
import rest_dags
from system import Home

EXAMPLES = os.environ.get("TRADEWIND_SCHEMATHESIS_EXAMPLES", "4")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
#: A run that never ends is waited for as long as somebody wants.
ENDLESS = "wait_dag_run_until_finished"


@pytest.fixture(scope="module")
def server(binary, tmp_path_factory):
    """A server with something to ask about."""
    home = Home(binary, tmp_path_factory.mktemp("openapi") / "home")
    rest_dags.start(home)
    home.get("version")
    yield home
    home.stop_all()


def check(home, document, *more):
    # Beside the interpreter, whether or not its environment is active.
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    done = subprocess.run(
        [
            *(program, "run", str(document), "--url", home.url),
            *("--header", f"Authorization: {home.http.headers['Authorization']}"),
            *("--checks", CHECKS, "--phases", "examples,fuzzing", "--max-examples", EXAMPLES, "--seed", "1"),
            *("--generation-deterministic", "--continue-on-failure", "--no-shrink"),
            *("--exclude-operation-id", ENDLESS, "--request-timeout", "30", "--warnings", "off", "--no-color"),
            *("--generation-allow-x00", "true", "--workers", "2", *more),
        ],
        cwd=home.path,
        capture_output=True,
        text=True,
        timeout=3600,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    assert done.returncode == 0, f"{done.stdout[-20000:]}\n{done.stderr[-4000:]}"
    assert "panicked" not in home.outputs()[0][1]


def test_our_document(server):
    document = server.path / "openapi.json"
    document.write_text(server.http.get(f"{server.url}/openapi.json", timeout=10).text)
    check(server, document)


def test_airflows_document(server, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", tmp_path, "apache-airflow-core==3.3.2"],
        check=True,
        timeout=300,
    )
    [wheel] = tmp_path.glob("*.whl")
    name = "airflow/api_fastapi/core_api/openapi/v2-rest-api-generated.yaml"
    document = tmp_path / "airflow.yaml"
    text = zipfile.ZipFile(wheel).read(name).decode()
    # A whole task instance fits both of what may be cleared, which "one of" forbids to Airflow's own answers as well.
    one_of = "oneOf:\n            - $ref: '#/components/schemas/TaskInstanceResponse'"
    assert one_of in text
    document.write_text(text.replace(one_of, one_of.replace("oneOf", "anyOf")))
    check(server, document)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_pages_need_nothing_from_elsewhere(server, path):
    page = server.http.get(f"{server.url}{path}", timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text and "https://" not in page.text
