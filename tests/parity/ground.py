"""What sections stand on: downloaded wheels, an environment of their own, and a host that parses files."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = ROOT / "target" / "parity"


@dataclass
class Report:
    """What a section found out."""

    #: Paragraphs above the table.
    text: list[str]
    columns: list[str]
    rows: list[list[str]]
    #: What did not work, each with its reason: ``(what, reason)``.
    rest: list[list[str]] = field(default_factory=list)
    #: Why this run must be seen as failed: things that should work and do not.
    wrong: list[str] = field(default_factory=list)


def stand_in(site: Path) -> None:
    """Metadata as Tradewind installs it (`crates/cli/src/python_env/package.rs`): pip sees Airflow as installed."""
    lines = (ROOT / "python/pyproject.toml").read_text().split("\ndependencies = [", 1)[1].split("\n]", 1)[0].splitlines()
    needs = [line.strip().strip('",') for line in lines if line.strip().startswith('"')]
    names = {"apache-airflow": "3.3.2", "apache-airflow-core": "3.3.2", "apache-airflow-task-sdk": "1.3.2"}
    for name, version in names.items():
        info = site / f"{name.replace('-', '_')}-{version}+tradewind.dist-info"
        info.mkdir()
        about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}+tradewind"]
        about += [f"Requires-Dist: {need}" for need in (needs if name == "apache-airflow" else ["apache-airflow"])]
        (info / "METADATA").write_text("\n".join(about) + "\n")
        (info / "INSTALLER").write_text("tradewind\n")
        (info / "RECORD").write_text("")


class Ground:
    """One section's folders below ``target/parity``."""

    def __init__(self, section: str) -> None:
        self.folder = TARGET / section
        self.folder.mkdir(parents=True, exist_ok=True)

    def environment(self, requirements: list[str], alone: list[str]) -> Path:
        """The interpreter of the section's environment, made anew when its packages changed."""
        python = self.folder / "venv" / "bin" / "python"
        wanted = hashlib.sha256(repr((sys.version, requirements, alone)).encode()).hexdigest()
        stamp = self.folder / "venv" / ".installed"
        if stamp.is_file() and stamp.read_text() == wanted:
            return python
        print(f"==> Preparing {python.parent.parent}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(self.folder / "venv")], check=True)
        # Our own package first: providers that ask for `apache-airflow` then have it.
        (site,) = (self.folder / "venv" / "lib").glob("python*/site-packages")
        (site / "tradewind-source.pth").write_text(f"{ROOT / 'python'}\n")
        stand_in(site)
        # pip takes an hour to find versions of a dozen cloud providers that fit each other; uv takes seconds.
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "uv"], check=True)
        uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
        if requirements:
            subprocess.run([*uv, *requirements], check=True)
        if alone:
            subprocess.run([*uv, "--no-deps", *alone], check=True)
        stamp.write_text(wanted)
        return python

    def wheel(self, requirement: str) -> Path:
        """The wheel of exactly one version (``name==version``), downloaded unless it is here."""
        folder = TARGET / "wheels"
        folder.mkdir(parents=True, exist_ok=True)
        name, _, version = requirement.partition("==")
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        found = sorted(folder.glob(pattern))
        if not found:
            print(f"==> Downloading {requirement}", flush=True)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--ignore-requires-python", "--dest", str(folder), requirement], check=True)
            found = sorted(folder.glob(pattern))
        return found[0]

    def extract(self, wheel: Path, folders: list[str]) -> Path:
        """The Python and data files below some folders of a wheel, on disk; where the wheel's root is."""
        where = self.folder / "from" / wheel.stem
        done = where / ".extracted"
        if not done.is_file():
            with zipfile.ZipFile(wheel) as archive:
                names = [n for n in archive.namelist() if any(n.startswith(f + "/") for f in folders)]
                archive.extractall(where, names)
            # What lies in the wheel's `airflow` is importable, as if it were installed: files import each other.
            extend = f"import airflow\nairflow.__path__.append({str(where / 'airflow')!r})\n"
            (where / "sitecustomize.py").write_text(extend)
            done.touch()
        return where


class ParseHost:
    """A root host as the dag-processor starts it."""

    def __init__(self, **environment: str) -> None:
        sys.path[:0] = [str(ROOT / "python"), str(ROOT / "python/tests")]
        from driver import Host

        self.host = Host(**environment)

    def parse(self, path: Path, root: Path) -> dict[str, Any]:
        """What the dag-processor is answered about a file."""
        from airflow._runtime.wire import Closed

        try:
            return self.host.parse(path, root)
        except (Closed, ValueError) as error:
            return {"dags": [], "import_error": {"message": f"the parser died: {error!r}"}}
        finally:
            self.host.close_all()

    def close(self) -> None:
        """End it."""
        self.host.close()
