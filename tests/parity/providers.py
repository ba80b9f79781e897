"""Provider packages: every module of each, imported in an environment that has what the package depends on.

Packages that can't be installed together, or are huge, have environments of their own (``target/parity/providers-*``).
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ground import ROOT, Ground, Report

TITLE = "Provider packages"
REQUIREMENTS: list[str] = []
ALONE: list[str] = []

_P = "apache-airflow-providers-"


@dataclass
class Environment:
    """Where packages are measured."""

    #: What is measured.
    packages: list[str]
    #: What is there besides, with what it depends on.
    more: list[str] = field(default_factory=list)
    #: What is there besides, without: it meets modules that need a second provider.
    alone: list[str] = field(default_factory=list)


def _providers(names: str) -> list[str]:
    return [_P + name for name in names.split()]


_DRIVERS = """
    PyMySQL mysqlclient aiomysql pymongo psycopg2-binary asyncpg paramiko asyncssh sqlparse more-itertools methodtools
    wirerope trino lz4 presto-python-client oracledb pymssql simple-salesforce zeep facebook-business pycountry curlify
    openlineage-python openlineage-integration-common openlineage-sql requests-toolbelt wtforms cassandra-driver boto3
    botocore s3transfer jmespath watchtower inflection jsonpath-ng ply pytz bcrypt pynacl invoke requests-file geomet lxml
    azure-core azure-identity azure-storage-blob azure-storage-file-share azure-storage-file-datalake
    azure-datalake-store isodate msal msal-extensions msrest requests-oauthlib oauthlib adlfs plyvel vertica-python
    azure-mgmt-containerinstance azure-mgmt-core azure-common azure-mgmt-containerregistry aenum msrestazure deprecation
    fastapi
""".split()

ENVIRONMENTS: dict[str, Environment] = {
    "small": Environment(
        _providers(
            "standard common-compat common-sql common-io http ssh sftp ftp postgres mysql sqlite redis docker slack "
            "smtp mongo elasticsearch openlineage dbt-cloud"
        ),
        [*_providers("common-messaging"), "datafusion"],
    ),
    "amazon": Environment(
        [*_providers("amazon cncf-kubernetes"), "astronomer-cosmos", "dag-factory"],
        [
            *_providers("http ssh ftp imap exasol salesforce mongo common-messaging docker openlineage"),
            *_providers("duckdb"),
            *("fastapi", "duckdb", "aiobotocore", "s3fs", "moto[server]", "gcp-storage-emulator", "python3-saml"),
        ],
    ),
    "google": Environment(
        _providers("google"),
        [*_providers("cncf-kubernetes common-sql"), "gcp-storage-emulator", "moto[server]"],
        [
            *_providers("http ssh sftp postgres mysql trino mongo openlineage common-messaging facebook salesforce"),
            *_providers("presto oracle microsoft-mssql microsoft-azure amazon apache-cassandra vertica apache-hive"),
            *_DRIVERS,
            "astronomer-cosmos",
        ],
    ),
    "azure": Environment(_providers("microsoft-azure"), _providers("sftp oracle common-messaging")),
    "data": Environment(_providers("snowflake databricks trino apache-spark"), _providers("cncf-kubernetes")),
}

#: The environment with the most packages: modules that join two packages, one of which their own environment lacks,
#: get a second chance in it.
MEETING = "google"

#: Module (or its beginning) to why it is not expected to load.
WHY_NOT: dict[str, str] = {
    "airflow.providers.google.cloud.hooks.dataflow": "needs apache-beam, which conflicts with the rest",
    "airflow.providers.google.cloud.operators.dataflow": "needs apache-beam, which conflicts with the rest",
    "airflow.providers.google.cloud.sensors.dataflow": "needs apache-beam, which conflicts with the rest",
    "airflow.providers.google.cloud.triggers.dataflow": "needs apache-beam, which conflicts with the rest",
    "airflow.providers.google.cloud.utils.mlengine_prediction_summary": "a script that needs apache-beam",
    "airflow.providers.google.common.auth_backend": "logs people into Airflow 2's web server, through Flask",
    "airflow.providers.snowflake.hooks.cortex_model": "needs common-ai 0.10",
    "cosmos.plugin.airflow2": "a page of Airflow 2's web server",
    "cosmos.operators._asynchronous.databricks": "needs databricks",
}

_IMPORT_ALL = r"""
import importlib, importlib.metadata, io, json, sys, contextlib, warnings
warnings.simplefilter("ignore")
sys.argv = ["import-all"]
answer = {}
for dist, names in json.loads(sys.stdin.read()).items():
    if names is None:
        names = set()
        for file in importlib.metadata.files(dist) or ():
            parts = str(file).removesuffix(".py").split("/")
            if str(file).endswith(".py") and all(part.isidentifier() for part in parts):
                names.add(".".join(parts).removesuffix(".__init__"))
    failed = {}
    for name in sorted(names):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                importlib.import_module(name)
        except BaseException as error:
            failed[name] = f"{type(error).__name__}: {error}"
    answer[dist] = [importlib.metadata.version(dist), sorted(names), failed]
print("\n" + json.dumps(answer))
"""


@dataclass
class Imported:
    """What became of a package's modules."""

    version: str
    modules: list[str]
    #: Module to error.
    failed: dict[str, str]


def _import_all(python: Path, folder: Path, wanted: dict[str, list[str] | None]) -> dict[str, Imported]:
    """Import modules of packages, or all of them (``None``), in one process of the environment."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(python), "-W", "ignore", "-c", _IMPORT_ALL],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env={"AIRFLOW_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)},
    )
    if done.returncode:
        raise RuntimeError(f"{python} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return {package: Imported(*answer) for package, answer in json.loads(done.stdout.splitlines()[-1]).items()}


def _reason(module: str, error: str) -> str:
    for beginning, reason in WHY_NOT.items():
        if module == beginning or module.startswith(beginning + "."):
            return reason
    return error.splitlines()[0][:200]


def _ours(error: str) -> bool:
    """Whether an error is of Tradewind's making: a name or module of Airflow's own is missing."""
    from re import search

    absent = search(r"No module named '(airflow\.[\w.]+)'", error)
    if absent:
        return not absent[1].startswith("airflow.providers.")
    return "from 'airflow." in error and "from 'airflow.providers." not in error


def _python(own: Ground, environment: Environment) -> Path:
    """The environment's interpreter: made from nothing, unless ``PROVIDERS_<NAME>`` names one that has all of it."""
    chosen = os.environ.get(own.folder.name.replace("-", "_").upper())
    return Path(chosen) if chosen else own.environment([*environment.packages, *environment.more], environment.alone)


def _present() -> set[str]:
    """The packages that are in the environment where packages meet."""
    meeting = ENVIRONMENTS[MEETING]
    return {*meeting.packages, *meeting.more, *meeting.alone}


def measure(ground: Ground) -> Report:
    """Import everything."""
    rows, rest, wrong = [], [], []
    imported = everything = 0
    found: dict[str, Imported] = {}
    for name, environment in ENVIRONMENTS.items():
        own = Ground(f"providers-{name}")
        found |= _import_all(_python(own, environment), own.folder, dict.fromkeys(environment.packages))
    own = Ground(f"providers-{MEETING}")
    again = {package: list(one.failed) for package, one in found.items() if package in _present() and one.failed}
    for package, one in _import_all(_python(own, ENVIRONMENTS[MEETING]), own.folder, again).items():
        found[package].failed = one.failed
    for package, one in found.items():
        good, total = len(one.modules) - len(one.failed), len(one.modules)
        rows.append([package, one.version, f"{good} / {total}"])
        imported, everything = imported + good, everything + total
        for module, error in one.failed.items():
            rest.append([f"`{module}`", _reason(module, error)])
            if _ours(error):
                wrong.append(f"{module}: {error}")
    rows.append(["**all**", "", f"**{imported} / {everything}**"])
    text = [
        "Every Python module of the packages, imported beside what each depends on, in environments where pip finds "
        "Tradewind's own distribution `apache-airflow` installed and therefore installs no other. Modules that join two "
        "packages, one of which is not there, are imported once more where most packages are.",
        "Executors, auth managers and log handlers import as well, so that a package's other modules do; Tradewind's "
        "own executors, logins and logs are used, and making such an object says so.",
    ]
    assert (ROOT / "python").is_dir()
    return Report(text, ["package", "version", "modules imported / all"], rows, rest, wrong)
