"""Every name that DAG files of an era import is here, or says in one sentence what to use instead.

``surface/`` lists modules with the names that example files and ordinary DAG files import from them: all operators,
hooks, sensors and models of Airflow 1.10 and 2, the standard provider of Airflow 3.
"""

from __future__ import annotations

import importlib
import re
import warnings
from pathlib import Path

import pytest

SURFACE = Path(__file__).parent / "surface"
LINES = [
    (file.stem, *line.partition(":")[::2])
    for file in sorted(SURFACE.glob("*.txt"))
    for line in file.read_text().splitlines()
]
#: What a refusal says: where it is now, or that it is gone and why.
SENSE = re.compile(
    r"pip install apache-airflow-providers-[a-z-]+|is gone: |has ended|ended with Airflow 1|see \[|"
    r"name one of Tradewind's|use the REST API|Tradewind does not have|Tradewind offers what replaced it"
)
#: Parts of Airflow's own machinery that no DAG file has a use for.
INTERNAL = {line for line in (SURFACE / "internal").read_text().split() if line}


@pytest.mark.parametrize(("era", "module", "names"), LINES, ids=[f"{era}-{module}" for era, module, _ in LINES])
def test_every_name_is_here_or_says_where_to_go(era, module, names):
    problems = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names.split() or [""]:
            if f"{module}.{name}" in INTERNAL:
                continue
            try:
                found = importlib.import_module(module)
                if name:
                    try:
                        getattr(found, name)
                    except AttributeError:
                        importlib.import_module(f"{module}.{name}")
            except ImportError as error:
                if SENSE.search(str(error)) is None:
                    problems.append(f"{name}: {error}")
    assert problems == []


def test_what_is_called_internal_is_in_the_lists_and_missing():
    listed = {f"{module}.{name}" for _, module, names in LINES for name in names.split()}
    assert listed >= INTERNAL
