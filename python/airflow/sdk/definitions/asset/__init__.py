"""Assets (datasets of Airflow 2): names for data that tasks update and DAGs wait for."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

from airflow.sdk.definitions._internal.old_names import warn_author

__all__ = [
    "Asset",
    "AssetAccessControl",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "AssetNameRef",
    "AssetRef",
    "AssetUriRef",
    "AssetWatcher",
    "Dataset",
    "DatasetAlias",
    "DatasetAll",
    "DatasetAny",
    "Metadata",
    "Model",
]

_LONGEST = 1500


class AssetUniqueKey(NamedTuple):
    """What tells assets apart."""

    name: str
    uri: str

    @classmethod
    def from_asset(cls, asset: Any) -> AssetUniqueKey:
        """The key of an asset."""
        return cls(asset.name, asset.uri)

    def to_asset(self) -> Asset:
        """An asset with that key."""
        return Asset(name=self.name, uri=self.uri)


class AssetAliasUniqueKey(NamedTuple):
    """What tells aliases apart."""

    name: str

    @classmethod
    def from_asset_alias(cls, asset_alias: Any) -> AssetAliasUniqueKey:
        """The key of an alias."""
        return cls(asset_alias.name)

    def to_asset_alias(self) -> AssetAlias:
        """An alias with that key."""
        return AssetAlias(name=self.name)


class BaseAsset:
    """One asset or a condition of several."""

    def __or__(self, other: BaseAsset) -> BaseAsset:
        return AssetAny(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __and__(self, other: BaseAsset) -> BaseAsset:
        return AssetAll(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __bool__(self) -> bool:
        return True

    def as_expression(self) -> Any:
        """As plain data, as clients see it."""
        raise NotImplementedError

    def as_spec(self) -> Any:
        """As `core::asset::AssetExpr`."""
        return self.as_expression()

    def leaves(self) -> Iterator[BaseAsset]:
        """Assets, aliases and references that it is made of."""
        yield self

    def iter_assets(self) -> Iterator[tuple[AssetUniqueKey, Asset]]:
        """Its assets, by key."""
        for leaf in self.leaves():
            if isinstance(leaf, Asset):
                yield AssetUniqueKey.from_asset(leaf), leaf

    def iter_asset_aliases(self) -> Iterator[tuple[str, AssetAlias]]:
        """Its aliases, by name."""
        for leaf in self.leaves():
            if isinstance(leaf, AssetAlias):
                yield leaf.name, leaf

    def iter_asset_refs(self) -> Iterator[AssetRef]:
        """Its references."""
        return (leaf for leaf in self.leaves() if isinstance(leaf, AssetRef))


class AssetWatcher:
    """Something outside that updates an asset: a trigger whose every event is an event of the asset."""

    def __init__(self, name: str, trigger: Any) -> None:
        from airflow.triggers.base import BaseEventTrigger

        if not isinstance(trigger, BaseEventTrigger):
            raise ValueError("Asset watcher trigger must inherit BaseEventTrigger")
        self.name = name
        self.trigger = trigger

    def as_spec(self, asset: str) -> dict[str, Any]:
        """As `core::asset::WatcherSpec`; raises what is wrong with the trigger of the asset of that name."""
        from airflow._runtime.xcom_codec import NotSerializable, encode
        from airflow.sdk.exceptions import SerializationError

        classpath, kwargs = self.trigger.serialize()
        if classpath.startswith("unusual_prefix_"):
            raise SerializationError(
                f"watcher {self.name!r} of asset {asset!r}: the class {type(self.trigger).__name__} is defined in the "
                "DAG file, where triggerers can't import it; move it to a module beside the file"
            )
        try:
            arguments = encode(dict(kwargs))
        except NotSerializable as problem:
            raise SerializationError(
                f"watcher {self.name!r} of asset {asset!r}: its trigger can't be kept: {problem}"
            ) from None
        return {"name": self.name, "classpath": classpath, "kwargs": arguments}

    def __repr__(self) -> str:
        return f"AssetWatcher(name={self.name!r}, trigger={self.trigger!r})"


class AssetAccessControl:
    """Which teams may update and which may use an asset. Without teams it has no effect."""

    def __init__(
        self,
        producer_teams: list[str] | None = None,
        consumer_teams: list[str] | None = None,
        allow_global: bool = True,
    ) -> None:
        self.producer_teams = list(producer_teams or ())
        self.consumer_teams = consumer_teams
        self.allow_global = allow_global


class Asset(os.PathLike[str], BaseAsset):
    """A piece of data with a name and a URI."""

    asset_type: ClassVar[str] = "asset"
    __version__: ClassVar[int] = 1

    def __init__(
        self,
        name: str | None = None,
        uri: Any = None,
        *,
        group: str | None = None,
        extra: dict[str, Any] | None = None,
        watchers: list[Any] | None = None,
        access_control: Any = None,
    ) -> None:
        if name is None and uri is None:
            raise TypeError("Asset() requires either 'name' or 'uri'")
        if name is None:
            name = str(uri)
        elif uri is None:
            uri = name
        self.name = _identifier("name", name)
        if self.name in ("self", "context"):
            raise ValueError(f"prohibited name for asset: {self.name}")
        self.uri = _identifier("uri", _sanitize_uri(uri))
        self.group = group if group is not None else self.asset_type
        if not isinstance(self.group, str) or len(self.group) > _LONGEST:
            raise ValueError(f"an asset's group must be text of at most {_LONGEST} characters, not {group!r}")
        self.extra = dict(extra or {})
        self.watchers = list(watchers or ())
        self.access_control = access_control if access_control is not None else AssetAccessControl()

    @staticmethod
    def ref(*, name: str = "", uri: str = "") -> AssetRef:
        """A reference to the asset of that name or URI, whatever the other is."""
        if name and uri:
            raise TypeError("Asset reference must be made to either name or URI, not both")
        if name:
            return AssetNameRef(name)
        if uri:
            return AssetUriRef(uri)
        raise TypeError("Asset reference expects keyword argument 'name' or 'uri'")

    @property
    def normalized_uri(self) -> str | None:
        """The URI in its scheme's own form, if the scheme is known."""
        scheme = _get_normalized_scheme(self.uri)
        normalizer = _uri_normalizer(scheme) if scheme else None
        if normalizer is None:
            return None
        try:
            return urllib.parse.urlunsplit(normalizer(urllib.parse.urlsplit(self.uri)))
        except ValueError:
            return None

    def as_expression(self) -> Any:
        """The assets and conditions as plain data."""
        return {"asset": {"name": self.name, "uri": self.uri, "group": self.group}}

    def as_spec(self) -> Any:
        """For the scheduler, as plain data."""
        spec = self.as_expression()
        if self.extra:
            from airflow._serialize.values import plain

            spec["asset"]["extra"] = plain(self.extra)
        if self.watchers:
            spec["asset"]["watchers"] = [watcher.as_spec(self.name) for watcher in self.watchers]
        return spec

    def __fspath__(self) -> str:
        return self.uri

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Asset):
            return NotImplemented
        mine = (self.name, self.uri, self.group, self.extra)
        return mine == (other.name, other.uri, other.group, other.extra)

    def __hash__(self) -> int:
        return hash((self.name, self.uri))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, uri={self.uri!r})"


class Dataset(Asset):
    """Airflow 2's name of :class:`Asset`; its first argument is the URI."""

    asset_type: ClassVar[str] = "dataset"

    def __init__(self, uri: Any = None, extra: dict[str, Any] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("group", "asset")
        super().__init__(kwargs.pop("name", None), uri, extra=extra, **kwargs)


class Model(Asset):
    """An asset of the group ``model``."""

    asset_type: ClassVar[str] = "model"


class AssetRef(BaseAsset):
    """A reference to an asset; made by :meth:`Asset.ref`."""


class AssetNameRef(AssetRef):
    """The asset of that name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def as_expression(self) -> Any:
        """The assets and conditions as plain data."""
        return {"asset_ref": {"name": self.name}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetNameRef) and self.name == other.name

    def __hash__(self) -> int:
        return hash(("name", self.name))

    def __repr__(self) -> str:
        return f"AssetNameRef(name={self.name!r})"


class AssetUriRef(AssetRef):
    """The asset of that URI."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def as_expression(self) -> Any:
        """The assets and conditions as plain data."""
        return {"asset_ref": {"uri": self.uri}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetUriRef) and self.uri == other.uri

    def __hash__(self) -> int:
        return hash(("uri", self.uri))

    def __repr__(self) -> str:
        return f"AssetUriRef(uri={self.uri!r})"


class AssetAlias(BaseAsset):
    """A name that tasks give to assets only when they run."""

    def __init__(self, name: str, group: str = "asset") -> None:
        self.name = _identifier("name", name)
        self.group = group

    def as_expression(self) -> Any:
        """The assets and conditions as plain data."""
        return {"alias": {"name": self.name, "group": self.group}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"AssetAlias(name={self.name!r})"


class DatasetAlias(AssetAlias):
    """Airflow 2's name of :class:`AssetAlias`."""


class AssetBooleanCondition(BaseAsset):
    """A condition of several."""

    word = ""

    def __init__(self, *objects: BaseAsset) -> None:
        for item in objects:
            if not isinstance(item, BaseAsset):
                raise TypeError("expect asset expressions in condition")
        self.objects = list(objects)

    def as_expression(self) -> Any:
        return {self.word: [item.as_expression() for item in self.objects]}

    def as_spec(self) -> Any:
        return {self.word: [item.as_spec() for item in self.objects]}

    def leaves(self) -> Iterator[BaseAsset]:
        for item in self.objects:
            yield from item.leaves()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"


class AssetAny(AssetBooleanCondition):
    """Any of several."""

    word = "any"

    def __or__(self, other: BaseAsset) -> BaseAsset:
        return AssetAny(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class AssetAll(AssetBooleanCondition):
    """All of several."""

    word = "all"

    def __and__(self, other: BaseAsset) -> BaseAsset:
        return AssetAll(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class DatasetAny(AssetAny):
    """Airflow 2's name of :class:`AssetAny`."""


class DatasetAll(AssetAll):
    """Airflow 2's name of :class:`AssetAll`."""


class Metadata:
    """What a task says about an update of an asset; a task's function yields it."""

    def __init__(
        self,
        asset: Any = None,
        extra: dict[str, Any] | None = None,
        alias: Any = None,
        *,
        target: Any = None,
    ) -> None:
        asset = asset if asset is not None else target
        if isinstance(asset, str):  # Airflow 2 took URIs.
            asset = Asset(uri=asset)
        if not isinstance(asset, (Asset, AssetRef, AssetAlias)):
            raise TypeError(f"Metadata is about an asset, not {asset!r}")
        self.asset = asset
        self.extra = dict(extra or {})
        self.alias = AssetAlias(alias) if isinstance(alias, str) else alias

    def __repr__(self) -> str:
        return f"Metadata(asset={self.asset!r}, extra={self.extra!r}, alias={self.alias!r})"


def _identifier(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"an asset's {what} must be text, not {value!r}")
    if not value or value.isspace():
        raise ValueError(f"an asset's {what} cannot be empty")
    if len(value) > _LONGEST:
        raise ValueError(f"an asset's {what} cannot exceed {_LONGEST} characters")
    return value


def _get_normalized_scheme(uri: str) -> str:
    return urllib.parse.urlsplit(uri).scheme.lower()


def _uri_normalizer(scheme: str) -> Callable[[urllib.parse.SplitResult], urllib.parse.SplitResult] | None:
    if scheme == "file":
        return lambda parts: parts
    from airflow._provider_assets import uri_handler

    return uri_handler(scheme)


def _sanitize_uri(given: Any) -> str:
    """The URI in the form that makes equal ones equal: scheme in lower case, no password, no trailing slash, sorted
    query, no fragment, and what the scheme's provider does besides."""
    uri = str(given)
    parsed = urllib.parse.urlsplit(uri)
    if not parsed.scheme and not parsed.netloc:
        return uri
    scheme = parsed.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return uri
    if scheme == "airflow":
        raise ValueError("Asset scheme 'airflow' is reserved")
    netloc = parsed.netloc
    if parsed.password:
        warn_author("an asset URI should not contain a password; the user information was dropped")
        netloc = netloc.rpartition("@")[2]
    query = urllib.parse.urlencode(sorted(urllib.parse.parse_qsl(parsed.query))) if parsed.query else ""
    path = parsed.path.rstrip("/") or "/"
    parsed = parsed._replace(scheme=scheme, netloc=netloc, path=path, query=query, fragment="")
    normalizer = _uri_normalizer(scheme)
    if normalizer is not None:
        parsed = normalizer(parsed)
    return urllib.parse.urlunsplit(parsed)


def expand_alias_to_assets(alias: Any, **_: Any) -> list[Asset]:
    """Assets of an alias, as a DAG file sees them: none, for aliases are given out when tasks run."""
    return []
