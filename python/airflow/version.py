"""The Airflow version whose surface this package offers."""

from __future__ import annotations

__version__ = "3.3.2"
version = __version__
