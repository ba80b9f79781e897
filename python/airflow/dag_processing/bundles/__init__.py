"""Where DAG files come from."""

from __future__ import annotations
