"""Options that installed provider packages add to the configuration, found by their entry points."""

from __future__ import annotations

import functools


@functools.cache
def options() -> dict[str, dict[str, str | None]]:
    """Section to option to default."""
    from airflow._provider_infos import infos

    found: dict[str, dict[str, str | None]] = {}
    for info in infos():
        for section, about in (info.get("config") or {}).items():
            known = found.setdefault(section.lower(), {})
            for name, option in (about.get("options") or {}).items():
                default = option.get("default")
                known[name.lower()] = None if default is None else str(default)
    return found
