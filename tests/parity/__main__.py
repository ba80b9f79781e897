"""What of Airflow's published wheels runs here: every section measured anew, and written into docs/parity.md.

    make parity                     all sections
    make parity SECTIONS=examples   only these; the others keep what the page says of them

A section is a module of this folder with

* ``TITLE``: the heading in the page;
* ``REQUIREMENTS``: packages for the environment it runs in, installed with what they depend on;
* ``ALONE``: packages installed without what they depend on (providers: they depend on Airflow itself);
* ``measure(ground) -> Report``.

Sections run in an environment of their own (``target/parity/<section>``), where ``import airflow`` finds this
repository's package. Wheels are downloaded once, into ``target/parity/wheels``.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

from ground import HERE, ROOT, Ground, Report
from page import rewrite, show

SECTIONS = ("examples", "providers", "runs")
ASK = "--measure"


def main(arguments: list[str]) -> int:
    """Measure the sections that were asked for; 1 if one of them says that something is wrong."""
    if arguments[:1] == [ASK]:
        return measure_here(arguments[1], Path(arguments[2]))
    there = [name for name in SECTIONS if (HERE / f"{name}.py").is_file()]
    unknown = [name for name in arguments if name not in there]
    if unknown:
        print(f"no such section: {', '.join(unknown)}; there are {', '.join(there)}", file=sys.stderr)
        return 2
    bad = 0
    for name in arguments or there:
        section = importlib.import_module(name)
        ground = Ground(name)
        python = ground.environment(section.REQUIREMENTS, section.ALONE)
        answer = ground.folder / "report.json"
        env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        done = subprocess.run([str(python), str(HERE), ASK, name, str(answer)], env=env, check=False)
        if done.returncode:
            print(f"==> {name}: could not be measured (exit {done.returncode})", file=sys.stderr)
            bad = 1
            continue
        report = Report(**json.loads(answer.read_text()))
        show(section.TITLE, report)
        rewrite(ROOT / "docs/parity.md", name, section.TITLE, report)
        bad |= bool(report.wrong)
    return int(bad)


def measure_here(name: str, answer: Path) -> int:
    """Run one section in this process, which is in its environment."""
    section = importlib.import_module(name)
    answer.write_text(json.dumps(vars(section.measure(Ground(name)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
