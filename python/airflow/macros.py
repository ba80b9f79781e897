"""What templates see as ``macros``."""

from __future__ import annotations

import json
import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "dateutil",  # noqa: F822
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
    "yaml",  # noqa: F822
]


__path__: list[str] = []  # `airflow.macros.<plugin>` and `airflow.macros.hive` are found by the alias table


def __getattr__(name: str) -> Any:
    """Modules that are loaded only if a template uses them; macros of plugins."""
    if name == "dateutil":
        import dateutil.parser
        import dateutil.relativedelta

        return dateutil
    if name == "yaml":
        import yaml

        return yaml
    from airflow._aliases import elsewhere

    try:
        return elsewhere(__name__, name)
    except AttributeError:
        raise AttributeError(f"there is no macro {name!r}") from None


def ds_add(ds: str, days: int) -> str:
    """A date (YYYY-MM-DD), so many days later (or earlier)."""
    if not days:
        return str(ds)
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date in another form."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


def ds_format_locale(ds: str, input_format: str, output_format: str, locale: Any = None) -> str:
    """A date in the form of a language (needs the package ``babel``)."""
    from babel import Locale
    from babel.dates import LC_TIME, format_datetime

    date = datetime.strptime(str(ds), input_format)
    text: str = format_datetime(date, format=output_format, locale=locale or LC_TIME or Locale("en_US"))
    return text


def datetime_diff_for_humans(dt: Any, since: Any = None) -> str:
    """How long ago, in words."""
    import pendulum

    text: str = pendulum.instance(dt).diff_for_humans(since)
    return text
