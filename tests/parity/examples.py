"""The example DAG files in the wheels of four Airflow releases, parsed as the dag-processor parses DAG files."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ground import ROOT, Ground, Report, ParseHost

TITLE = "Example DAG files"
TESTS = Path(__file__).parents[1]
_PROVIDERS = (
    *("amazon", "apache-hive", "apache-pig", "common-compat", "common-io", "common-sql", "databricks", "dingding"),
    *("google", "http", "microsoft-azure", "microsoft-winrm", "openlineage", "papermill"),
)
#: Providers that took over operators of Airflow 1.10, and what its example files import besides.
REQUIREMENTS = [
    *("-r", str(TESTS / "requirements.txt")),
    *(f"apache-airflow-providers-{name}" for name in _PROVIDERS),
    *("deprecated", "future", "httpx", "six"),
]
ALONE: list[str] = []


@dataclass
class Source:
    """Example files of one distribution."""

    era: str
    wheel: str
    #: Folders of the wheel with example files.
    folders: list[str] = field(default_factory=lambda: ["airflow/example_dags"])


SOURCES = [
    Source("1.10", "apache-airflow==1.10.15"),
    Source("1.10 contrib", "apache-airflow==1.10.15", ["airflow/contrib/example_dags"]),
    Source("2.2", "apache-airflow==2.2.4"),
    Source("2.11", "apache-airflow==2.11.2"),
    Source("3.3", "apache-airflow-core==3.3.2"),
    Source("3.3 standard", "apache-airflow-providers-standard==1.21.0", ["airflow/providers/standard/example_dags"]),
]


def measure(ground: Ground) -> Report:
    """Parse all of them."""
    rows, rest = [], []
    total = good = 0
    for source in SOURCES:
        found = parse_all(ground, source)
        passed = [path for path, (dags, reason) in found.items() if reason is None]
        count = sum(dags for dags, _ in found.values())
        rows.append([source.era, source.wheel, f"{len(passed)} / {len(found)}", str(count)])
        rest += [[f"{source.era}: `{path}`", reason] for path, (_, reason) in found.items() if reason is not None]
        total += len(found)
        good += len(passed)
    rows.append(["**all**", "", f"**{good} / {total}**", ""])
    text = [
        "Every Python file of the folders `example_dags` (modules and plugins that DAG files import included), parsed by "
        "the code that the dag-processor runs: a file counts as parsed when it imports without an error and all of its "
        "DAGs serialize."
    ]
    return Report(text, ["era", "wheel", "files parsed / all", "DAGs"], rows, rest)


def parse_all(ground: Ground, source: Source) -> dict[str, tuple[int, str | None]]:
    """Number of DAGs, and what is wrong, of each file."""
    top = ground.extract(ground.wheel(source.wheel), everything(source))
    found: dict[str, tuple[int, str | None]] = {}
    with tempfile.TemporaryDirectory() as home:
        plugins = top / "airflow/example_dags/plugins"
        host = ParseHost(
            AIRFLOW_HOME=home,
            AIRFLOW__CORE__PLUGINS_FOLDER=str(plugins if plugins.is_dir() else Path(home) / "plugins"),
            # What the files import from `airflow.example_dags` is found in the wheel.
            PYTHONPATH=f"{ROOT / 'python'}:{top}",
        )
        for folder in source.folders:
            for path in sorted((top / folder).rglob("*.py")):
                if path.name == "__init__.py":
                    continue
                parsed = host.parse(path, top / folder)
                error = parsed["import_error"]
                found[str(path.relative_to(top / folder))] = (len(parsed["dags"]), error and error["message"])
        host.close()
    return found


def everything(source: Source) -> list[str]:
    """All folders of the wheel that example files import from."""
    return sorted({folder for other in SOURCES if other.wheel == source.wheel for folder in other.folders})
