"""Lineage of hooks: which assets a task's hooks read and wrote, for plugins that ask."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.definitions.asset import Asset

LineageContext = Any  # the hook or path that met the asset
MAX_COLLECTED_ASSETS = 100
MAX_COLLECTED_EXTRA = 200


@dataclass
class AssetLineageInfo:
    """An asset, how often it was met, and by what."""

    asset: Asset
    count: int
    context: LineageContext


@dataclass
class ExtraLineageInfo:
    """A fact that is of no asset, how often it was met, and by what."""

    key: str
    value: Any
    count: int
    context: LineageContext


@dataclass
class HookLineage:
    """All that was collected."""

    inputs: list[AssetLineageInfo] = field(default_factory=list)
    outputs: list[AssetLineageInfo] = field(default_factory=list)
    extra: list[ExtraLineageInfo] = field(default_factory=list)


class HookLineageCollector:
    """Takes note of assets that hooks read and write."""

    def __init__(self, **kwargs: Any) -> None:
        self._inputs: dict[str, AssetLineageInfo] = {}
        self._outputs: dict[str, AssetLineageInfo] = {}
        self._extra: dict[str, ExtraLineageInfo] = {}

    @property
    def log(self) -> logging.Logger:
        """The collector's logger."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    def create_asset(
        self,
        *,
        scheme: str | None = None,
        uri: str | None = None,
        name: str | None = None,
        group: str | None = None,
        asset_kwargs: dict[str, Any] | None = None,
        asset_extra: dict[str, Any] | None = None,
    ) -> Asset | None:
        """The asset with a URI or name; else the one that a provider makes of a scheme and facts; else None."""
        from airflow.sdk.definitions.asset import Asset

        if uri or name:
            given = {"uri": uri, "name": name, "group": group, "extra": asset_extra}
            return Asset(**{key: value for key, value in given.items() if value})  # type: ignore[arg-type]
        if not scheme:
            self.log.debug("Missing required parameter: either 'uri' or 'scheme' must be provided.")
            return None
        factory = _factory(scheme)
        if factory is None:
            self.log.debug("Unsupported scheme: %s. Please provide an asset URI to create an asset.", scheme)
            return None
        try:
            result: Asset | None = factory(**(asset_kwargs or {}), extra=asset_extra)
            return result
        except Exception as error:
            self.log.debug("The asset factory of %s failed: %s", scheme, error)
            return None

    def _note(self, where: dict[str, AssetLineageInfo], context: LineageContext, asset: Asset | None) -> None:
        if asset is None:
            return
        key = f"{asset.uri}-{_digest(asset.extra)}-{id(context)}"
        known = where.get(key)
        if known is not None:
            known.count += 1
        elif len(where) < MAX_COLLECTED_ASSETS:
            where[key] = AssetLineageInfo(asset, 1, context)
        else:
            self.log.debug("Maximum number of assets (%s) reached; %s is left out", MAX_COLLECTED_ASSETS, asset.uri)

    def add_input_asset(
        self,
        context: LineageContext,
        scheme: str | None = None,
        uri: str | None = None,
        name: str | None = None,
        group: str | None = None,
        asset_kwargs: dict[str, Any] | None = None,
        asset_extra: dict[str, Any] | None = None,
    ) -> None:
        """An asset was read."""
        made = self.create_asset(
            scheme=scheme, uri=uri, name=name, group=group, asset_kwargs=asset_kwargs, asset_extra=asset_extra
        )
        self._note(self._inputs, context, made)

    def add_output_asset(
        self,
        context: LineageContext,
        scheme: str | None = None,
        uri: str | None = None,
        name: str | None = None,
        group: str | None = None,
        asset_kwargs: dict[str, Any] | None = None,
        asset_extra: dict[str, Any] | None = None,
    ) -> None:
        """An asset was written."""
        made = self.create_asset(
            scheme=scheme, uri=uri, name=name, group=group, asset_kwargs=asset_kwargs, asset_extra=asset_extra
        )
        self._note(self._outputs, context, made)

    # Airflow 2's names.
    add_input_dataset = add_input_asset
    add_output_dataset = add_output_asset
    create_dataset = create_asset

    def add_extra(self, context: LineageContext, key: str, value: Any) -> None:
        """A fact that is of no asset."""
        if not key or not value:
            self.log.debug("Missing required parameter: both 'key' and 'value' must be provided.")
            return
        entry = f"{key}-{_digest(value)}-{id(context)}"
        known = self._extra.get(entry)
        if known is not None:
            known.count += 1
        elif len(self._extra) < MAX_COLLECTED_EXTRA:
            self._extra[entry] = ExtraLineageInfo(key, value, 1, context)

    @property
    def collected_assets(self) -> HookLineage:
        """All that was collected."""
        return HookLineage([*self._inputs.values()], [*self._outputs.values()], [*self._extra.values()])

    collected_datasets = collected_assets

    @property
    def has_collected(self) -> bool:
        """Whether anything was collected."""
        return bool(self._inputs or self._outputs or self._extra)


class NoOpCollector(HookLineageCollector):
    """Collects nothing, because nobody would read it."""

    def add_input_asset(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    def add_output_asset(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    add_input_dataset = add_input_asset
    add_output_dataset = add_output_asset

    def add_extra(self, *_: Any, **__: Any) -> None:
        """Nothing."""


class HookLineageReader:
    """What a plugin offers in ``hook_lineage_readers``: while there is one, lineage is collected."""

    def __init__(self, **kwargs: Any) -> None:
        self.lineage_collector = get_hook_lineage_collector()

    def retrieve_hook_lineage(self) -> HookLineage:
        """All that was collected."""
        return self.lineage_collector.collected_assets


_collector: HookLineageCollector | None = None


def get_hook_lineage_collector() -> HookLineageCollector:
    """The process's collector; one that does nothing unless a plugin reads it."""
    global _collector
    if _collector is None:
        _collector = HookLineageCollector() if _readers() else NoOpCollector()
    return _collector


def _readers() -> list[Any]:
    """Readers that plugins and installed packages offer."""
    from airflow._runtime.plugins import loaded

    found: list[Any] = []
    for plugin in loaded().by_name.values():
        found.extend(getattr(plugin, "hook_lineage_readers", None) or ())
    return found


def _digest(value: Any) -> str:
    return hashlib.md5(json.dumps(value, sort_keys=True, default=str).encode(), usedforsecurity=False).hexdigest()


def _factory(scheme: str) -> Any:
    from airflow._provider_infos import infos
    from airflow.utils.module_loading import import_string

    for info in infos():
        for item in (*(info.get("asset-uris") or ()), *(info.get("dataset-uris") or ())):
            if scheme in (item.get("schemes") or ()) and item.get("factory"):
                return import_string(item["factory"])
    return None
