"""URI handlers of installed provider packages, found by their entry points."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


@functools.cache
def _handlers() -> dict[str, str]:
    """Scheme to the import path of its handler."""
    from airflow._provider_infos import infos

    found: dict[str, str] = {}
    for info in infos():
        for item in (*(info.get("dataset-uris") or ()), *(info.get("asset-uris") or ())):
            for scheme in item.get("schemes") or ():
                if item.get("handler"):
                    found[scheme] = item["handler"]
    return found


@functools.cache
def uri_handler(scheme: str) -> Callable[[Any], Any] | None:
    """What brings URIs of a scheme into their usual form, if a provider has something for it."""
    path = _handlers().get(scheme)
    if path is None:
        return None
    from airflow.utils.module_loading import import_string

    return import_string(path)
