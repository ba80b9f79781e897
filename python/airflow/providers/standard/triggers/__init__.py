"""Standard triggers."""

from __future__ import annotations

from airflow.providers import spanning

__path__ = spanning(__path__, __name__)
