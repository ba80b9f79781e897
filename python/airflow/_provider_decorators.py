"""Task decorators that installed provider packages offer."""

from __future__ import annotations

from typing import Any


def find(name: str) -> Any:
    """The decorator ``@task.<name>`` of a provider package; ``AttributeError`` if none offers it."""
    from importlib import import_module

    from airflow._provider_infos import infos

    for info in infos():
        for item in info.get("task-decorators") or ():
            if item.get("name") == name:
                module, _, function = item["class-name"].rpartition(".")
                return getattr(import_module(module), function)
    raise AttributeError(f"there is no @task.{name}: no installed provider package offers it")
