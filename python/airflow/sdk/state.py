"""What a store of task and asset states is derived from.

Tradewind keeps states in its database; ``[state_store]`` backends of Python are not used by it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Union


@dataclass(frozen=True)
class TaskScope:
    """States of one task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


@dataclass(frozen=True)
class AssetScope:
    """States of one asset."""

    asset_id: int | None = None
    name: str | None = None
    uri: str | None = None


StoreScope = Union[TaskScope, AssetScope]


class BaseStoreBackend(ABC):
    """Keeps states by scope and key."""

    @abstractmethod
    def get(self, scope: StoreScope, key: str, **kwargs: Any) -> str | None:
        """The value, or None."""

    @abstractmethod
    def set(
        self, scope: StoreScope, key: str, value: str, *, expires_at: datetime | None = None, **kwargs: Any
    ) -> None:
        """Keep a value."""

    @abstractmethod
    def delete(self, scope: StoreScope, key: str, **kwargs: Any) -> None:
        """Forget a value."""

    @abstractmethod
    def clear(self, scope: StoreScope, **kwargs: Any) -> None:
        """Forget a scope."""
