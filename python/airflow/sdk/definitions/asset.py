"""Assets (datasets of Airflow 2): names for data that tasks update and DAGs wait for."""

from __future__ import annotations

import re
from typing import Any


class BaseAsset:
    """One asset or a condition of several."""

    def __or__(self, other: BaseAsset) -> AssetAny:
        return AssetAny(self, other)

    def __and__(self, other: BaseAsset) -> AssetAll:
        return AssetAll(self, other)

    def as_expression(self) -> Any:
        """As plain data."""
        raise NotImplementedError


class Asset(BaseAsset):
    """A piece of data with a name and a URI."""

    def __init__(
        self,
        name: str | None = None,
        uri: str | None = None,
        *,
        group: str = "asset",
        extra: dict[str, Any] | None = None,
        watchers: list[Any] | None = None,
        access_control: Any = None,
    ) -> None:
        if name is None and uri is None:
            raise TypeError("an asset needs a name or a URI")
        self.name = name if name is not None else uri
        self.uri = _check_uri(uri if uri is not None else name)
        for what, value in (("name", self.name), ("uri", self.uri)):
            if not isinstance(value, str) or not value.strip() or len(value) > 1500:
                raise ValueError(f"an asset's {what} must be text of 1 to 1500 characters, not {value!r}")
        self.group = group
        self.extra = dict(extra or {})
        self.watchers = list(watchers or ())
        self.access_control = access_control

    def as_expression(self) -> Any:
        return {"asset": {"name": self.name, "uri": self.uri, "group": self.group}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self) -> int:
        return hash((self.name, self.uri))

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class Dataset(Asset):
    """Airflow 2's name of :class:`Asset`; its first argument is the URI."""

    def __init__(self, uri: str | None = None, extra: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(kwargs.pop("name", None), uri, extra=extra, **kwargs)


class Model(Asset):
    """An asset of the group ``model``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("group", "model")
        super().__init__(*args, **kwargs)


class AssetAlias(BaseAsset):
    """A name that tasks give to assets only when they run."""

    def __init__(self, name: str, group: str = "asset") -> None:
        self.name = name
        self.group = group

    def as_expression(self) -> Any:
        return {"alias": {"name": self.name, "group": self.group}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"AssetAlias(name={self.name!r})"


DatasetAlias = AssetAlias


class _Condition(BaseAsset):
    word = ""

    def __init__(self, *objects: BaseAsset) -> None:
        for item in objects:
            if not isinstance(item, BaseAsset):
                raise TypeError(f"a condition takes assets, not {item!r}")
        self.objects = list(objects)

    def as_expression(self) -> Any:
        return {self.word: [item.as_expression() for item in self.objects]}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"


class AssetAny(_Condition):
    """Any of several."""

    word = "any"

    def __or__(self, other: BaseAsset) -> AssetAny:
        return AssetAny(*self.objects, other)


class AssetAll(_Condition):
    """All of several."""

    word = "all"

    def __and__(self, other: BaseAsset) -> AssetAll:
        return AssetAll(*self.objects, other)


DatasetAny, DatasetAll = AssetAny, AssetAll


def _check_uri(uri: Any) -> Any:
    if isinstance(uri, str) and re.match(r"airflow:", uri, re.IGNORECASE):
        raise ValueError(f"asset URI {uri!r}: the scheme 'airflow' is reserved")
    return uri
