"""What stands in for the server in a process without one: ``dag.test()`` and authors' own tests."""

from __future__ import annotations

from typing import Any

variables: dict[str, str] = {}
connections: dict[str, dict[str, Any]] = {}
