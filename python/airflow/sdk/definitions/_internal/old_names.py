"""Warnings about names of older Airflow versions, blamed on the author's line."""

from __future__ import annotations

import sys
import warnings

from airflow.sdk.definitions._internal.contextmanager import caller
from airflow.sdk.exceptions import RemovedInAirflow3Warning


def warn_author(message: str) -> None:
    """Warn of something old at the nearest line that is not this package's; once for each line and message."""
    filename, line = caller()
    if not filename:
        filename = "<template>"
    registry = getattr(sys.modules.get("__main__"), "__dict__", {}).setdefault("__tradewind_warned__", {})
    warnings.warn_explicit(message, RemovedInAirflow3Warning, filename, line, registry=registry)
