"""Names of permissions, and Kerberos tickets."""

from __future__ import annotations
