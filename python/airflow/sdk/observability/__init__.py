"""What tasks tell about themselves."""

from __future__ import annotations
