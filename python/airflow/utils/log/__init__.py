"""Logging under the names that providers know."""

from __future__ import annotations
