"""What installed provider packages say about themselves, found by their entry points."""

from __future__ import annotations

import functools
import sys
from typing import Any

_GROUP = "apache_airflow_provider"
#: The provider that is built in says nothing by itself; its distribution, if it is installed, does.
_BUILT_IN: dict[str, Any] = {
    "package-name": "apache-airflow-providers-standard",
    "name": "Standard",
    "description": "Operators, sensors and hooks that come with Airflow; built in.",
    "connection-types": [
        {"connection-type": "fs", "hook-class-name": "airflow.providers.standard.hooks.filesystem.FSHook"},
        {
            "connection-type": "package_index",
            "hook-class-name": "airflow.providers.standard.hooks.package_index.PackageIndexHook",
        },
    ],
}


@functools.cache
def infos() -> tuple[dict[str, Any], ...]:
    """One dict for each package; a package that can't be asked is left out with a word in the log."""
    from importlib.metadata import entry_points

    found = []
    for point in entry_points(group=_GROUP) if sys.version_info >= (3, 10) else entry_points().get(_GROUP, ()):
        try:
            found.append(point.load()())
        except Exception as error:
            import logging

            logging.getLogger(__name__).warning("The provider package %s can't be asked: %s", point.name, error)
    if all(info.get("package-name") != _BUILT_IN["package-name"] for info in found):
        found.append(_BUILT_IN)
    return tuple(found)
