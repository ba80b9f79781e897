"""Modules that a host imports only after a child needed them.

They are heavy, and many installations never use some of them. A child that ends says which of them it had to import,
in memory that it shares with its host; the host then imports them too, so that later children find them there.
"""

from __future__ import annotations

import mmap
import sys
from importlib import import_module

MODULES = (
    "pendulum",
    "airflow._runtime.jinja",
    "airflow.macros",
    "hashlib",
    "shutil",
    "airflow.sdk.definitions.mappedoperator",
    "airflow.sdk.bases.sensor",
    "subprocess",
    "tempfile",
    "asyncio",
    "airflow.utils.dates",
    "airflow.sdk.types",
    "airflow._runtime.secrets_path",
    "airflow.secrets.environment_variables",
    "airflow.secrets.metastore",
)

_names: tuple[str, ...] = MODULES
_shared = mmap.mmap(-1, len(_names))


def also(modules: list[str]) -> None:
    """In a host that has no children yet: watch for these too."""
    global _names, _shared
    _names = (*MODULES, *modules)
    _shared = mmap.mmap(-1, len(_names))


def note() -> None:
    """In a child: tell the host what was imported here."""
    for number, module in enumerate(_names):
        if module in sys.modules:
            _shared[number] = 1


def missing() -> list[str]:
    """In a host: what children needed and is not imported here."""
    if not any(_shared):
        return []
    return [module for number, module in enumerate(_names) if _shared[number] and module not in sys.modules]


def load(modules: list[str]) -> None:
    """In a host: import them, and whatever they do not do on import but on first use."""
    for module in modules:
        try:
            import_module(module)
        except Exception:  # a child that lies about it can't harm the host
            _shared[_names.index(module)] = 0
    if "pendulum" in modules:
        import pendulum

        pendulum.datetime(2024, 1, 1).isoformat()
