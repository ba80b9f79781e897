"""The masker as an object, for code that derives from it (such as OpenLineage's)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from airflow._runtime.secrets import is_sensitive

Redactable = Any
Redacted = Any
DEFAULT_SENSITIVE_FIELDS = frozenset(
    "access_token api_key apikey authorization passphrase passwd password private_key secret token keyfile_dict "
    "service_account".split()
)


class SecretsMasker(logging.Filter):
    """Puts ``***`` in the place of secrets. What is added here is masked in the task's log as well."""

    MAX_RECURSION_DEPTH = 5

    def __init__(self) -> None:
        super().__init__()
        self.patterns: set[str] = set()
        self.replacer: re.Pattern[str] | None = None
        self.sensitive_variables_fields: list[str] = sorted(DEFAULT_SENSITIVE_FIELDS)
        self.min_length_to_mask = 5
        self.secret_mask_adapter: Any = None

    def _compile(self) -> None:
        longest_first = sorted(self.patterns, key=len, reverse=True)
        self.replacer = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def add_mask(self, secret: Any, name: str | None = None) -> None:
        """Mask a text, or the texts in a dict or list, from now on."""
        from airflow._runtime.secrets import worth_masking
        from airflow.utils.log.secrets_masker import mask_secret

        mask_secret(secret, name)
        self.patterns.update(worth_masking(secret))
        self._compile()

    def reset_masker(self) -> None:
        """Forget what this object masks; the task's log goes on masking it."""
        self.patterns = set()
        self.replacer = None

    def should_hide_value_for_key(self, name: Any) -> bool:
        """Whether a value under this name is to be hidden."""
        return is_sensitive(name)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask a log record's texts."""
        if self.replacer is not None:
            record.msg = self.redact(record.msg)
            if record.args:
                masked = self.redact(record.args)
                record.args = tuple(masked) if isinstance(masked, list) else masked
        return True

    def redact(
        self, item: Redactable, name: str | None = None, max_depth: int | None = None, **kwargs: Any
    ) -> Redacted:
        """A copy without secrets."""
        return self._redact(item, name, 0, max_depth or self.MAX_RECURSION_DEPTH, **kwargs)

    def _redact_all(
        self, item: Redactable, depth: int, max_depth: int = MAX_RECURSION_DEPTH, **kwargs: Any
    ) -> Redacted:
        replacement = kwargs.get("replacement", "***")
        if depth > max_depth or isinstance(item, str):
            return replacement
        if isinstance(item, Mapping):
            return {key: self._redact_all(value, depth + 1, max_depth, **kwargs) for key, value in item.items()}
        if isinstance(item, (list, tuple, set)):
            return type(item)(self._redact_all(value, depth + 1, max_depth, **kwargs) for value in item)
        return item

    def _redact(self, item: Redactable, name: str | None, depth: int, max_depth: int, **kwargs: Any) -> Redacted:
        if depth > max_depth:
            return item
        if name and self.should_hide_value_for_key(name):
            return self._redact_all(item, depth, max_depth, **kwargs)
        if isinstance(item, Mapping):
            return {
                key: self._redact(value, key if isinstance(key, str) else None, depth + 1, max_depth, **kwargs)
                for key, value in item.items()
            }
        if isinstance(item, str):
            return self.replacer.sub(kwargs.get("replacement", "***"), item) if self.replacer is not None else item
        if isinstance(item, tuple) and hasattr(item, "_fields"):
            return type(item)(*(self._redact(value, None, depth + 1, max_depth, **kwargs) for value in item))
        if isinstance(item, (tuple, set)):
            return type(item)(self._redact(value, None, depth + 1, max_depth, **kwargs) for value in item)
        if isinstance(item, list):
            return [self._redact(value, None, depth + 1, max_depth, **kwargs) for value in item]
        return item


def _secrets_masker() -> SecretsMasker:
    """A masker that hides everything that the process has been told to hide."""
    from airflow._runtime.supervisor import known_masks

    masker = SecretsMasker()
    masker.patterns = known_masks()
    masker._compile()
    return masker
