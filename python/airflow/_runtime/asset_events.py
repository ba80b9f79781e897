"""What tasks see and say of assets: ``outlet_events``, ``inlet_events`` and ``triggering_asset_events``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow.sdk.definitions.asset import (
    Asset,
    AssetAlias,
    AssetAliasUniqueKey,
    AssetNameRef,
    AssetRef,
    AssetUniqueKey,
    AssetUriRef,
    BaseAsset,
    Metadata,
)

_LONGEST_KEY = 250


def find_asset(name: str | None = None, uri: str | None = None) -> Asset:
    """The asset of that name or URI, as the server knows it."""
    from airflow._runtime import supervisor

    found = supervisor.call("asset_get", name=name, uri=uri)
    return Asset(found["name"], found["uri"], group=found["group"], extra=found["extra"])


def _resolve(ref: AssetRef) -> Asset:
    if isinstance(ref, AssetNameRef):
        return find_asset(name=ref.name)
    assert isinstance(ref, AssetUriRef)
    return find_asset(uri=ref.uri)


def _key(of: Any) -> AssetUniqueKey | AssetAliasUniqueKey:
    if isinstance(of, Asset):
        return AssetUniqueKey.from_asset(of)
    if isinstance(of, AssetAlias):
        return AssetAliasUniqueKey.from_asset_alias(of)
    if isinstance(of, AssetRef):
        return AssetUniqueKey.from_asset(_resolve(of))
    if isinstance(of, str):  # Airflow 2 took URIs.
        return AssetUniqueKey.from_asset(Asset(uri=of))
    raise TypeError(f"Key should be either an asset or an asset alias, not {type(of)}")


def _thing(key: AssetUniqueKey | AssetAliasUniqueKey) -> Asset | AssetAlias:
    return key.to_asset() if isinstance(key, AssetUniqueKey) else key.to_asset_alias()


class _ByKey:
    """Ways to name what one wants without an object."""

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> Any:
        """What there is about the asset of that name, URI or both."""
        if name and uri:
            return self[Asset(name=name, uri=uri)]  # type: ignore[index]
        if name:
            return self[Asset.ref(name=name)]  # type: ignore[index]
        if uri:
            return self[Asset.ref(uri=uri)]  # type: ignore[index]
        raise ValueError("name and uri cannot both be None")

    def for_asset_alias(self, *, name: str) -> Any:
        """What there is about an alias."""
        return self[AssetAlias(name=name)]  # type: ignore[index]


class OutletEventAccessor:
    """What a task says about one of its outlets."""

    def __init__(self, key: AssetUniqueKey | AssetAliasUniqueKey) -> None:
        self.key = key
        self.extra: dict[str, Any] = {}
        self.asset_alias_events: list[tuple[Asset, dict[str, Any]]] = []
        self.partition_keys: set[str] = set()

    def add(self, asset: Any, extra: dict[str, Any] | None = None) -> None:
        """Update an asset by way of this alias."""
        if not isinstance(self.key, AssetAliasUniqueKey):
            return
        if isinstance(asset, str):
            asset = Asset(uri=asset)
        elif isinstance(asset, AssetRef):
            asset = _resolve(asset)
        self.asset_alias_events.append((asset, dict(extra or {})))

    def add_partitions(self, keys: str | Iterable[str]) -> None:
        """Say which partitions were updated: one event each."""
        if isinstance(self.key, AssetAliasUniqueKey):
            raise TypeError("add_partitions() is not supported on asset alias outlet events")
        keys = [keys] if isinstance(keys, str) else list(keys)
        for key in keys:
            if not key.strip():
                raise ValueError(f"partition_key must not be empty or whitespace-only; got {key!r}.")
            if len(key) > _LONGEST_KEY:
                raise ValueError(f"partition_key must be at most {_LONGEST_KEY} characters; got {len(key)}.")
        self.partition_keys.update(keys)


class OutletEventAccessors(_ByKey, Mapping[str, Any]):
    """By asset or alias: what the task says about it."""

    def __init__(self) -> None:
        self._said: dict[AssetUniqueKey | AssetAliasUniqueKey, OutletEventAccessor] = {}

    def __getitem__(self, of: Any) -> OutletEventAccessor:
        key = _key(of)
        if key not in self._said:
            self._said[key] = OutletEventAccessor(key)
        return self._said[key]

    def __iter__(self) -> Iterator[Any]:
        return (_thing(key) for key in self._said)

    def __len__(self) -> int:
        return len(self._said)

    def __repr__(self) -> str:
        return f"<outlet events {list(self._said)!r}>"

    def take(self, metadata: Metadata) -> None:
        """Take in what a function yielded."""
        self[metadata.asset].extra.update(metadata.extra)
        if metadata.alias is not None:
            self[metadata.alias].add(metadata.asset, extra=metadata.extra)


def updates(outlets: Iterable[Any], said: OutletEventAccessors | None) -> list[dict[str, Any]]:
    """What a task that succeeds has done to assets, as `core::asset::AssetUpdate`."""
    found: list[dict[str, Any]] = []
    leaves = [leaf for outlet in outlets if isinstance(outlet, BaseAsset) for leaf in outlet.leaves()]
    by_alias: dict[str, dict[str, Any]] = {}
    for leaf in dict.fromkeys(leaves):
        if isinstance(leaf, AssetAlias):
            events = said[leaf].asset_alias_events if said else []
            for asset, extra in events:
                # The same asset with the same words by way of several aliases is one update.
                same = json.dumps([asset.name, asset.uri, extra], sort_keys=True, default=str)
                update = by_alias.setdefault(same, {"asset": asset.as_spec(), "aliases": []})
                if leaf.name not in update["aliases"]:
                    update["aliases"].append(leaf.name)
                _attach(update, extra)
            continue
        about = said[leaf] if said else None
        for partition in sorted(about.partition_keys) if about and about.partition_keys else [None]:
            update = {"asset": leaf.as_spec()}
            if partition is not None:
                update["partition_key"] = partition
            _attach(update, about.extra if about else {})
            found.append(update)
    return found + list(by_alias.values())


def _attach(update: dict[str, Any], extra: dict[str, Any]) -> None:
    if extra:
        from airflow._serialize.values import plain

        update["extra"] = plain(extra)


def run_callable(function: Callable[..., Any], context: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call a task's function. What a generator yields are words about assets; what it returns is the result."""
    import inspect
    import logging

    if not inspect.isgeneratorfunction(function):
        return function(*args, **kwargs)
    generator = function(*args, **kwargs)
    while True:
        try:
            said = next(generator)
        except StopIteration as end:
            return end.value
        if isinstance(said, Metadata):
            context["outlet_events"].take(said)
        else:
            logging.getLogger("airflow.task").warning("Ignoring unknown data of %r received from task", type(said))


class SourceRun:
    """The run that an event comes from, as far as the event says."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.dag_id = event["source_dag_id"]
        self.run_id = event["source_run_id"]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from airflow._runtime import supervisor
        from airflow.sdk.execution_time.task_instance import DagRun

        found = DagRun(self.dag_id, supervisor.call("run_get", dag_id=self.dag_id, run_id=self.run_id))
        return getattr(found, name)


class SourceTaskInstance:
    """The task instance that an event comes from."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.dag_id = event["source_dag_id"]
        self.run_id = event["source_run_id"]
        self.task_id = event["source_task_id"]
        self.map_index = event["source_map_index"]

    def xcom_pull(self, *, key: str = "return_value", default: Any = None) -> Any:
        """A value that it pushed."""
        from airflow._runtime import supervisor
        from airflow._runtime.wire import CallError
        from airflow._runtime.xcom_backend import from_store

        place = {"dag_id": self.dag_id, "run_id": self.run_id, "task_id": self.task_id, "map_index": self.map_index}
        try:
            return from_store(supervisor.call("xcom_get", key=key, **place), key)
        except CallError as error:
            if error.code == "not_found":
                return default
            raise


class AssetEvent:
    """An update of an asset, as consumers see it."""

    def __init__(self, event: dict[str, Any]) -> None:
        from airflow.sdk.timezone import parse

        about = event["asset"]
        self.id: int = event["id"]
        self.timestamp: datetime = parse(event["timestamp"])
        self.extra: dict[str, Any] = event["extra"] or {}
        self.asset = Asset(about["name"], about["uri"], group=about["group"])
        self.uri, self.name, self.group = about["uri"], about["name"], about["group"]
        self.asset_id: int = about["id"]
        self.source_dag_id: str | None = event["source_dag_id"]
        self.source_task_id: str | None = event["source_task_id"]
        self.source_run_id: str | None = event["source_run_id"]
        self.source_map_index: int = event["source_map_index"]
        self.source_aliases = [AssetAlias(name) for name in event["source_aliases"]]
        self.partition_key: str | None = event["partition_key"]
        self._event = event

    dataset = property(lambda self: self.asset)
    dataset_id = property(lambda self: self.asset_id)

    @property
    def source_dag_run(self) -> SourceRun | None:
        """The run that it comes from."""
        return SourceRun(self._event) if self.source_dag_id else None

    @property
    def source_task_instance(self) -> SourceTaskInstance | None:
        """The task instance that it comes from."""
        return SourceTaskInstance(self._event) if self.source_dag_id and self.source_task_id else None

    def __repr__(self) -> str:
        return f"<AssetEvent {self.id} of {self.name!r} at {self.timestamp.isoformat()}>"


class InletEventsAccessor(Sequence[Any]):
    """Events of one inlet, the oldest first; read when somebody looks."""

    def __init__(self, **of: Any) -> None:
        self._of = of
        self._events: list[AssetEvent] | None = None

    def after(self, after: Any) -> InletEventsAccessor:
        """Only those at or after an instant."""
        return self._narrow(after=_instant(after))

    def before(self, before: Any) -> InletEventsAccessor:
        """Only those at or before an instant."""
        return self._narrow(before=_instant(before))

    def ascending(self, ascending: bool = True) -> InletEventsAccessor:
        """The oldest first, or the newest."""
        return self._narrow(ascending=bool(ascending))

    def limit(self, limit: int) -> InletEventsAccessor:
        """At most so many."""
        return self._narrow(limit=int(limit))

    def _narrow(self, **by: Any) -> InletEventsAccessor:
        self._of.update(by)
        self._events = None
        return self

    def _read(self) -> list[AssetEvent]:
        if self._events is None:
            from airflow._runtime import supervisor

            self._events = [AssetEvent(event) for event in supervisor.call("asset_events", **self._of)]
        return self._events

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[AssetEvent]:
        return iter(self._read())


def _instant(value: Any) -> str:
    from airflow._serialize.values import instant
    from airflow.sdk.timezone import parse

    return instant(parse(value) if isinstance(value, str) else value)  # type: ignore[return-value]


class InletEventsAccessors(_ByKey, Mapping[str, Any]):
    """By inlet, or by its place among the inlets: its events."""

    def __init__(self, inlets: Sequence[Any]) -> None:
        self._inlets = list(inlets)

    def __getitem__(self, of: Any) -> InletEventsAccessor:
        inlet = self._inlets[of] if isinstance(of, int) else of
        if isinstance(inlet, str):
            inlet = Asset(uri=inlet)
        if not isinstance(inlet, (Asset, AssetAlias, AssetRef)):
            raise (
                IndexError(of) if isinstance(of, int) else TypeError(f"`key` is of unknown type ({type(of).__name__})")
            )
        if not isinstance(of, int) and not any(_is_same(inlet, own) for own in self._inlets):
            raise KeyError(of)
        if isinstance(inlet, Asset):
            return InletEventsAccessor(name=inlet.name, uri=inlet.uri)
        if isinstance(inlet, AssetAlias):
            return InletEventsAccessor(alias=inlet.name)
        by_name = isinstance(inlet, AssetNameRef)
        return InletEventsAccessor(**({"name": inlet.name} if by_name else {"uri": inlet.uri}))  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)


def _is_same(wanted: Any, inlet: Any) -> bool:
    """Whether an inlet is what somebody asks for: the same thing, or one that a reference fits."""
    pair = [(wanted, inlet), (inlet, wanted)]
    for one, other in pair:
        if isinstance(one, AssetNameRef) and getattr(other, "name", None) == one.name and isinstance(other, Asset):
            return True
        if isinstance(one, AssetUriRef) and getattr(other, "uri", None) == one.uri and isinstance(other, Asset):
            return True
    if isinstance(wanted, Asset) and isinstance(inlet, Asset):
        return AssetUniqueKey.from_asset(wanted) == AssetUniqueKey.from_asset(inlet)
    answer: bool = wanted == inlet
    return answer


class TriggeringAssetEvents(_ByKey, Mapping[str, Any]):
    """By asset or alias: the events that the run consumed."""

    def __init__(self, events: Iterable[AssetEvent], by_uri: bool = False) -> None:
        self._by_uri = by_uri
        self._events: dict[Any, list[AssetEvent]] = {}
        for event in events:
            self._events.setdefault(AssetUniqueKey(event.name, event.uri), []).append(event)
            for alias in event.source_aliases:
                self._events.setdefault(AssetAliasUniqueKey(alias.name), []).append(event)

    @classmethod
    def of_run(cls, run: Any, by_uri: bool = False) -> TriggeringAssetEvents:
        """What a run consumed."""
        from airflow._runtime import supervisor

        if run.run_type not in ("asset_triggered", "dataset_triggered"):
            return cls([], by_uri)
        return cls([AssetEvent(event) for event in supervisor.call("triggering_asset_events")], by_uri)

    def __getitem__(self, of: Any) -> list[AssetEvent]:
        return self._events[_key(of)]

    def __iter__(self) -> Iterator[Any]:
        if self._by_uri:
            return (key.uri for key in self._events if isinstance(key, AssetUniqueKey))
        return (_thing(key) for key in self._events)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr({key: len(events) for key, events in self._events.items()})
