"""Hashes that protect nothing, allowed on systems whose policy forbids weak ones for secrets."""

from __future__ import annotations

import hashlib
from typing import Any


def md5(data: Any = b"", /) -> Any:
    """MD5 as a fingerprint."""
    return hashlib.md5(data, usedforsecurity=False)
