"""Provider packages: those that come with this package, and those that pip installed anywhere on Python's path."""

from __future__ import annotations

import os
import sys

__all__ = ["spanning"]


def spanning(path: list[str], name: str) -> list[str]:
    """
    Where the modules of a built-in provider are: in its own folder, then in the folders of the same name that pip
    installed. Ours win module by module; what only the distribution has is taken from there.
    """
    parent = sys.modules[name.rpartition(".")[0]].__path__
    own = name.rpartition(".")[2]
    places = (os.path.join(folder, own) for folder in parent)
    return [*path, *(place for place in places if place not in path and os.path.isdir(place))]


def _installed() -> list[str]:
    places = (os.path.join(entry, "airflow", "providers") for entry in sys.path if entry)
    return [place for place in dict.fromkeys(places) if place not in __path__ and os.path.isdir(place)]


__path__ = [*__path__, *_installed()]
