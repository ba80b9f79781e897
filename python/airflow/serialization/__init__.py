"""Serialized DAGs, for code that asks whether it has one."""

from __future__ import annotations
