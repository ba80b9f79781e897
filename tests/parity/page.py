"""Writes reports into the page and onto the terminal."""

from __future__ import annotations

import re
from pathlib import Path

from ground import ROOT, Report


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines)


def body(title: str, report: Report) -> str:
    """A section of the page."""
    parts = [f"## {title}", *report.text, table(report.columns, report.rows)]
    if report.rest:
        parts += ["The rest, and why:", table(["what", "reason"], report.rest)]
    return "\n\n".join(parts)


def rewrite(path: Path, name: str, title: str, report: Report) -> None:
    """Put a section in the place of what the page said of it."""
    begin, end = f"<!-- {name}: written by `make parity` -->", f"<!-- end of {name} -->"
    text = path.read_text()
    # Messages name files of this machine.
    whole = f"{begin}\n\n{body(title, report)}\n\n{end}".replace(f"{ROOT}/", "")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: whole, text)
    else:
        text = f"{text.rstrip()}\n\n{whole}\n"
    path.write_text(text)


def show(title: str, report: Report) -> None:
    """Print a report."""
    widths = [max(len(row[i]) for row in [report.columns, *report.rows]) for i in range(len(report.columns))]
    print(f"\n{title}")
    for row in [report.columns, *report.rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for what, reason in report.rest:
        print(f"    {what}: {reason}")
    for line in report.wrong:
        print(f"  WRONG: {line}")
