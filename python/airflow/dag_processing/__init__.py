"""Reading DAG files."""

from __future__ import annotations
