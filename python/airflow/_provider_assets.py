"""URI handlers of installed provider packages, found by their entry points."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


@functools.cache
def paths(what: str) -> dict[str, str]:
    """Scheme to an import path: of its ``handler``, its ``factory``, or its ``to_openlineage_converter``."""
    from airflow._provider_infos import infos

    found: dict[str, str] = {}
    for info in infos():
        for item in (*(info.get("dataset-uris") or ()), *(info.get("asset-uris") or ())):
            for scheme in item.get("schemes") or ():
                if item.get(what):
                    found[scheme] = item[what]
    return found


def _function(what: str, scheme: str) -> Callable[..., Any] | None:
    path = paths(what).get(scheme)
    if path is None:
        return None
    from airflow.utils.module_loading import import_string

    result: Callable[..., Any] | None = import_string(path)
    return result


@functools.cache
def uri_handler(scheme: str) -> Callable[[Any], Any] | None:
    """What brings URIs of a scheme into their usual form, if a provider has something for it."""
    return _function("handler", scheme)


@functools.cache
def asset_factory(scheme: str) -> Callable[..., Any] | None:
    """What makes assets of a scheme from what a hook knows, if a provider has something for it."""
    return _function("factory", scheme)
