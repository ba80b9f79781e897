"""PyYAML with the loader and dumper of libyaml where they are built in."""

from __future__ import annotations

from typing import Any


def _fast(name: str) -> Any:
    import yaml

    return getattr(yaml, "C" + name, None) or getattr(yaml, name)


def safe_load(stream: Any) -> Any:
    """The first document."""
    import yaml

    return yaml.load(stream, _fast("SafeLoader"))


def safe_load_all(stream: Any) -> Any:
    """Every document."""
    import yaml

    return yaml.load_all(stream, _fast("SafeLoader"))


def dump(data: Any, **kwargs: Any) -> Any:
    """A document as text."""
    import yaml

    return yaml.dump(data, Dumper=_fast("SafeDumper"), **kwargs)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    import yaml

    return _fast("FullLoader") if name == "FullLoader" else getattr(yaml, name)
