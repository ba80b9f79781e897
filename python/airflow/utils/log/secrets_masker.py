"""Hiding secrets in logs."""

from __future__ import annotations

from typing import Any

from airflow._runtime.secrets import is_sensitive, redact

__all__ = ["mask_secret", "redact", "should_hide_value_for_key"]


def mask_secret(secret: Any, name: str | None = None) -> None:
    """Show ``***`` in logs instead of this text (or the texts in this dict or list)."""
    from airflow._runtime.supervisor import mask

    if isinstance(secret, dict) and name is None:
        mask(*(value for key, value in secret.items() if is_sensitive(key)))
        return
    if name is not None and not is_sensitive(name):
        return
    mask(secret)


def should_hide_value_for_key(name: Any) -> bool:
    """Whether a value under this name is to be hidden."""
    return is_sensitive(name)


def __getattr__(name: str) -> Any:
    if name in ("Redactable", "Redacted", "SecretsMasker", "_secrets_masker"):
        from airflow.utils.log import masker

        return getattr(masker, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
