"""What standard operators share with DAG files."""

from __future__ import annotations
