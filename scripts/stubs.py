#!/usr/bin/env python3
"""Writes the stubs (`.pyi`) that let editors and type checkers see names which load on use, and old import paths.

They come from the tables that the package itself reads, so `python/tests/test_stubs.py` can tell when they are stale.
Old paths whose package is on disk get a stub beside it. Those whose package is not (`airflow.operators`) get theirs in
`python/airflow-stubs`: a folder of that name inside of `airflow` would be a package for Python itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

PYTHON = Path(__file__).resolve().parent.parent / "python"
sys.path.insert(0, str(PYTHON))

HEAD = "# Written by scripts/stubs.py from the package's own tables.\n"


def lazy_names() -> dict[str, dict[str, str]]:
    """Packages whose names load on use: name to module, or to `module:name`."""
    import airflow
    from airflow import sdk

    names = dict(sdk._WHERE) | {name: f"{home}:*" for name, home in sdk._MODULES.items()}
    return {"airflow": dict(airflow._LAZY), "airflow.sdk": names}


def line(name: str, where: str) -> str:
    """The import of one name. `where` is a module, `module:name`, or `module:*` for the module itself."""
    home, _, attribute = where.rstrip("!").partition(":")
    if attribute == "*":
        package, _, module = home.rpartition(".")
        return f"from {package} import {module} as {name}\n"
    return f"from {home} import {attribute or name} as {name}\n"


def names_stub(names: dict[str, str]) -> str:
    """A module that is nothing but names found elsewhere."""
    lines = [line(name, where) for name, where in sorted(names.items())]
    return HEAD + "".join(lines)


def place(module: str, is_package: bool) -> Path | None:
    """The file of a stub, below `python`; None where it could only be in a folder that would be a package itself."""
    parts = module.split(".")
    below = Path(*parts[1:])
    file = below / "__init__.pyi" if is_package else below.with_suffix(".pyi")
    if is_there(PYTHON / "airflow" / file.parent):
        return "airflow" / file
    return None if is_there(PYTHON / "airflow" / parts[1]) else "airflow-stubs" / file


def is_there(folder: Path) -> bool:
    """Whether it is a package on disk."""
    return any(folder.glob("*.py"))


def stubs() -> dict[Path, str]:
    """Every stub: path below `python`, and text."""
    from airflow._alias_table import MODULES, NAMES

    found: dict[Path, str] = {}

    def add(path: Path | None, text: str) -> None:
        if path is not None:
            found[path] = text

    packages = {name.rpartition(".")[0] for name in [*MODULES, *NAMES]} | {name for name in NAMES if not NAMES[name]}
    for module, target in MODULES.items():
        text = HEAD + f"from {target.rstrip('!')} import *\n"
        add(place(module, module in packages), text)
    for module, names in NAMES.items():
        add(place(module, module in packages), names_stub(names))
    for module, names in lazy_names().items():
        extra = "from airflow.version import __version__ as __version__\n"
        add(place(module, True), names_stub(names) + extra)
    # A package that only exists for what is in it.
    for path in list(found):
        for parent in path.parents:
            if parent.parts[:1] == ("airflow-stubs",) and len(parent.parts) > 1:
                found.setdefault(parent / "__init__.pyi", HEAD)
    found[Path("airflow/py.typed")] = ""
    found[Path("airflow-stubs/py.typed")] = "partial\n"
    return found


def on_disk() -> dict[Path, str]:
    """What is there, in the same shape."""
    there = {}
    for pattern in ("airflow/**/*.pyi", "airflow/py.typed", "airflow-stubs/**/*.pyi", "airflow-stubs/py.typed"):
        for path in PYTHON.glob(pattern):
            there[path.relative_to(PYTHON)] = path.read_text()
    return there


def main() -> None:
    """Write what changed, remove what is no more."""
    wanted, there = stubs(), on_disk()
    for path in there.keys() - wanted.keys():
        (PYTHON / path).unlink()
    for path, text in wanted.items():
        if there.get(path) != text:
            (PYTHON / path).parent.mkdir(parents=True, exist_ok=True)
            (PYTHON / path).write_text(text)


if __name__ == "__main__":
    main()
