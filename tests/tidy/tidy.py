#!/usr/bin/env python3
"""House rules that no other linter holds. Prints every breach with its place; exits 1 if there is one.

* crates depend on each other only as ARCHITECTURE.md says, and only `store` speaks SQL;
* no file is longer than 1,000 lines (600 gets a note);
* every Rust file starts with its purpose (`//!`) and every Python module with a docstring;
* no file is called util, common, helpers, manager or imp;
* no `#[allow]`, `#[ignore]`, `#[should_panic]` or anything left to do;
* nothing names a place outside of this repository;
* every test that docs/semantics names as proof exists.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Crate -> crates of ours that it may depend on.
EDGES = {
    "core": set(),
    "protocol": {"core"},
    "store": {"core", "protocol"},
    "bundles": set(),
    "celery": {"core", "protocol"},
    "executors": {"core", "protocol", "celery"},
    "worker": {"core", "protocol", "celery"},
    "engine": {"core", "protocol", "store", "executors"},
    "server": {"core", "protocol", "store"},
    "cli": {"bundles", "core", "protocol", "store", "celery", "executors", "engine", "worker", "server"},
    "sim": {"core", "protocol"},
    "testkit": {"core", "protocol", "store", "executors", "engine", "worker", "server"},
}
# External crate -> the only crates of ours that may use it.
ONLY = {"sqlx": {"store"}, "redis": {"celery"}, "lapin": {"celery"}, "axum": {"server"}, "clap": {"cli"}}
# `core` is pure: no I/O, no async, no randomness.
CORE_MAY = {"jiff", "serde", "serde_json", "thiserror", "regex"}

WALL, NOTE = 1000, 600
BAD_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "imp"}
SOURCE = {".rs", ".py", ".ts", ".tsx", ".css", ".sh", ".sql", ".md", ".toml", ".yml", ".yaml"}
LONG_BY_NATURE = {"Cargo.lock", "package-lock.json", "CHANGELOG.md"}
GENERATED = ("docs/reference/", "ui/src/api/generated/")
BANNED = [
    (re.compile(r"#!?\[allow\("), {".rs"}, "use #[expect(lint, reason = …)]"),
    (re.compile(r"#\[(ignore|should_panic)"), {".rs"}, "a test runs, and asserts what it expects"),
    (re.compile(r"\b(TODO|XXX|FIXME)\b"), {".rs", ".py", ".ts", ".tsx", ".sh", ".sql"}, "finish it or open an issue"),
    # Split, so that this file does not name them itself.
    (re.compile(r"(?<![\w.{}$/-])/wo" + r"rk/|\.\./sha" + r"red/"), SOURCE, "a place outside of this repository"),
]


def files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return sorted(p for name in listed.stdout.splitlines() if (p := ROOT / name).is_file())


def check_file(path, breach, note):
    name = path.relative_to(ROOT).as_posix()
    if path.suffix not in SOURCE or path.name in LONG_BY_NATURE or name.startswith(GENERATED):
        return
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > WALL:
        breach(name, len(lines), f"{len(lines)} lines; the wall is at {WALL}: give each purpose its own file")
    elif len(lines) > NOTE and path.suffix != ".md":
        note(f"{name}: {len(lines)} lines")
    # The `airflow` package has to offer Airflow's module paths, whatever they are called.
    if path.stem in BAD_NAMES and not name.startswith("python/airflow/"):
        breach(name, 1, f"'{path.stem}' says nothing about what is in it")
    if path.suffix == ".rs" and not text.startswith("//!"):
        breach(name, 1, "the first line says what the file is for (//! …)")
    if path.suffix == ".py" and text.strip():
        try:
            if ast.get_docstring(ast.parse(text)) is None:
                breach(name, 1, "a module starts with a docstring that says what it is for")
        except SyntaxError:
            pass  # a test's deliberately broken DAG file
    for pattern, suffixes, why in BANNED:
        if path.suffix in suffixes and not name.endswith("tidy/tidy.py"):
            for number, line in enumerate(lines, 1):
                if pattern.search(line):
                    breach(name, number, f"'{pattern.search(line).group().strip()}': {why}")


def check_crates(breach):
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"], cwd=ROOT, check=True, capture_output=True
        ).stdout
    )
    for package in metadata["packages"]:
        crate = package["name"].removeprefix("tradewind-")
        manifest = pathlib.Path(package["manifest_path"]).relative_to(ROOT).as_posix()
        if crate not in EDGES:
            breach(manifest, 1, f"crate '{crate}' is not in the edge list of tests/tidy/tidy.py and ARCHITECTURE.md")
            continue
        for dependency in package["dependencies"]:
            name, shipped = dependency["name"], dependency["kind"] != "dev"
            if name.startswith("tradewind-"):
                other = name.removeprefix("tradewind-")
                if shipped and other not in EDGES[crate]:
                    breach(manifest, 1, f"'{crate}' may not depend on '{other}' (ARCHITECTURE.md, Crates)")
            elif shipped and name in ONLY and crate not in ONLY[name] | {"testkit", "sim"}:
                breach(manifest, 1, f"only {', '.join(ONLY[name])} may use {name}")
            elif shipped and crate == "core" and name not in CORE_MAY:
                breach(manifest, 1, f"core is pure; '{name}' is not on its list")


# `path::test_name`, also several after one path: `path::one`, `::two`.
PROOF = re.compile(r"`([\w./-]+\.(?:rs|py|ts|tsx|json|snap))(?:::([^`]+))?`")


def check_proofs(breach):
    """The tables in docs/semantics name tests as `path::name`; each path and name must be there."""
    texts = {}
    for page in sorted((ROOT / "docs/semantics").glob("*.md")):
        name = page.relative_to(ROOT).as_posix()
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            for path, test in PROOF.findall(line):
                file = ROOT / path
                if not file.is_file():
                    breach(name, number, f"there is no file {path}")
                    continue
                if path not in texts:
                    texts[path] = file.read_text(encoding="utf-8")
                wanted = test.split("::")[-1].split("[")[0].strip()
                if wanted and not re.search(rf"(?<![\w]){re.escape(wanted)}(?![\w])", texts[path]):
                    breach(name, number, f"{path} has no test {wanted}")


def main():
    breaches = []
    notes = []
    for path in files():
        check_file(path, lambda *b: breaches.append(b), notes.append)
    check_crates(lambda *b: breaches.append(b))
    check_proofs(lambda *b: breaches.append(b))
    for text in notes:
        print(f"note: {text}")
    for name, line, why in breaches:
        print(f"{name}:{line}: {why}")
    print(f"tidy: {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
