"""``task_state_store`` and ``asset_state_store`` of the context: what tasks remember."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

from airflow._runtime import supervisor

log = logging.getLogger(__name__)

#: ``retention`` of what is never forgotten.
NEVER_EXPIRE: timedelta = timedelta.max


def _checked(key: str, value: Any) -> Any:
    """A value that can be kept; too large ones are kept with a warning, as in Airflow."""
    if value is None:
        raise ValueError("Cannot set value as None")
    size = len(json.dumps(value))
    from airflow.configuration import conf

    limit = conf.getint("state_store", "max_value_storage_bytes", fallback=65535)
    if 0 < limit < size:
        log.warning("the state %r has %d bytes, more than [state_store] max_value_storage_bytes=%d", key, size, limit)
    return value


class TaskStateStoreAccessor:
    """What this task instance remembers: it outlives the try, and is gone with the run."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default`` if there is none."""
        found = supervisor.call_or_none("task_state_get", key=key)
        return default if found is None else found

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        """Remember a value; ``retention``: so long (``NEVER_EXPIRE``: for ever), else as configured."""
        never = retention is not None and retention == NEVER_EXPIRE
        seconds = None if retention is None or never else retention.total_seconds()
        value = _checked(key, value)
        supervisor.call("task_state_set", key=key, value=value, retention=seconds, never_expires=never)

    def delete(self, key: str) -> None:
        """Forget a value, if there is one."""
        supervisor.call("task_state_delete", key=key)

    def clear(self, all_map_indices: bool = False) -> None:
        """Forget everything of this task instance, or of all instances of its task in this run."""
        supervisor.call("task_state_clear", all_map_indices=all_map_indices)

    def __repr__(self) -> str:
        return "<TaskStateStoreAccessor>"


class AssetStateStoreAccessor:
    """What is remembered of one asset, by whatever task."""

    def __init__(self, *, name: str | None = None, uri: str | None = None) -> None:
        if not name and not uri:
            raise ValueError("Either `name` or `uri` must be provided")
        self._asset = {"name": name, "uri": uri}

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default`` if there is none."""
        found = supervisor.call_or_none("asset_state_get", key=key, **self._asset)
        return default if found is None else found

    def set(self, key: str, value: Any) -> None:
        """Remember a value."""
        supervisor.call("asset_state_set", key=key, value=_checked(key, value), **self._asset)

    def delete(self, key: str) -> None:
        """Forget a value, if there is one."""
        supervisor.call("asset_state_delete", key=key, **self._asset)

    def clear(self) -> None:
        """Forget everything of the asset."""
        supervisor.call("asset_state_clear", **self._asset)

    async def aget(self, key: str, default: Any = None) -> Any:
        """:meth:`get` for coroutines."""
        return await asyncio.to_thread(self.get, key, default)

    async def aset(self, key: str, value: Any) -> None:
        """:meth:`set` for coroutines."""
        await asyncio.to_thread(self.set, key, value)

    async def adelete(self, key: str) -> None:
        """:meth:`delete` for coroutines."""
        await asyncio.to_thread(self.delete, key)

    async def aclear(self) -> None:
        """:meth:`clear` for coroutines."""
        await asyncio.to_thread(self.clear)

    def __repr__(self) -> str:
        return f"<AssetStateStoreAccessor {self._asset['name'] or self._asset['uri']!r}>"


class AssetStateStoreAccessors:
    """The states of a task's inlets and outlets, by asset; of the only one also without naming it."""

    def __init__(self, inlets: list[Any], outlets: list[Any]) -> None:
        self._by_name: dict[str, AssetStateStoreAccessor] = {}
        self._by_uri: dict[str, AssetStateStoreAccessor] = {}
        for asset in [*inlets, *outlets]:
            name, uri = getattr(asset, "name", None) or "", getattr(asset, "uri", None) or ""
            if uri is None and type(asset).__name__ in ("AssetAlias", "DatasetAlias"):
                continue
            if name:
                self._by_name.setdefault(name, AssetStateStoreAccessor(name=name))
            elif uri:
                self._by_uri.setdefault(uri, AssetStateStoreAccessor(uri=uri))

    def __getitem__(self, asset: Any) -> AssetStateStoreAccessor:
        name, uri = getattr(asset, "name", None) or "", getattr(asset, "uri", None) or ""
        found = self._by_name.get(name) or self._by_uri.get(uri)
        if found is None:
            raise KeyError(f"{asset!r} is neither an inlet nor an outlet of this task")
        return found

    def _only(self) -> AssetStateStoreAccessor:
        all_of_them = [*self._by_name.values(), *self._by_uri.values()]
        if len(all_of_them) != 1:
            raise ValueError(
                f"this task has {len(all_of_them)} inlets and outlets; say which: asset_state_store[ASSET]"
            )
        return all_of_them[0]

    def __getattr__(self, name: str) -> Any:
        if name in ("get", "set", "delete", "clear", "aget", "aset", "adelete", "aclear"):
            return getattr(self._only(), name)
        raise AttributeError(name)
