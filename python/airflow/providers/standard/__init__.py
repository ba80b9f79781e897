"""Operators, sensors and decorators that every installation has."""

from __future__ import annotations

from airflow.providers import spanning

__path__ = spanning(__path__, __name__)

#: The version of the distribution whose surface this offers.
__version__ = "1.21.0"
